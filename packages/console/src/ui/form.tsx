import { type FormEvent, type InputHTMLAttributes, type ReactNode, useId } from 'react';
import styles from './form.module.css';
import { ToneMark } from './status.tsx';

/** A form that is sent by its button or by Enter. */
export function Form({ onSubmit, children }: { readonly onSubmit: () => void; readonly children: ReactNode }) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {children}
    </form>
  );
}

interface FieldProps {
  readonly label: string;
  /** What to enter, below the field. */
  readonly help?: ReactNode;
  /** What is wrong with the value, in words. */
  readonly error?: ReactNode;
}

type Described = {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean;
};

function Field({
  label,
  help,
  error,
  children,
}: FieldProps & { readonly children: (described: Described) => ReactNode }) {
  const id = useId();
  const describedBy = help || error ? `${id}-more` : undefined;
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': describedBy, 'aria-invalid': Boolean(error) })}
      {describedBy && (
        <div className={styles.more} id={describedBy}>
          {error && <ToneMark tone="fault">{error}</ToneMark>}
          {help && <div>{help}</div>}
        </div>
      )}
    </div>
  );
}

interface ValueProps<V> {
  readonly value: V;
  readonly onChange: (value: V) => void;
}

type Native = Pick<
  InputHTMLAttributes<HTMLInputElement>,
  | 'autoComplete'
  | 'autoFocus'
  | 'inputMode'
  | 'maxLength'
  | 'min'
  | 'max'
  | 'name'
  | 'placeholder'
  | 'required'
  | 'spellCheck'
>;

interface TextFieldProps extends FieldProps, ValueProps<string>, Native {
  readonly type?: 'text' | 'password' | 'number' | 'url' | 'datetime-local';
  readonly mono?: boolean;
}

export function TextField({ label, help, error, value, onChange, mono = false, ...native }: TextFieldProps) {
  return (
    <Field label={label} help={help} error={error}>
      {(described) => (
        <input
          {...native}
          {...described}
          className={`${styles.input} ${mono ? styles.mono : ''}`}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

export function TextArea({
  label,
  help,
  error,
  value,
  onChange,
  rows = 3,
}: FieldProps & ValueProps<string> & { readonly rows?: number }) {
  return (
    <Field label={label} help={help} error={error}>
      {(described) => (
        <textarea
          {...described}
          className={styles.area}
          rows={rows}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

export interface Option<V extends string> {
  readonly value: V;
  readonly word: string;
}

export function SelectField<V extends string>({
  label,
  help,
  error,
  value,
  onChange,
  options,
}: FieldProps & ValueProps<V> & { readonly options: readonly Option<V>[] }) {
  return (
    <Field label={label} help={help} error={error}>
      {(described) => (
        <select
          {...described}
          className={styles.select}
          value={value}
          onChange={(event) => onChange(event.target.value as V)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.word}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Several of a few. */
export function CheckboxGroup<V extends string>({
  label,
  help,
  error,
  value,
  onChange,
  options,
}: FieldProps & ValueProps<readonly V[]> & { readonly options: readonly (Option<V> & { readonly help?: string })[] }) {
  const id = useId();
  const toggle = (one: V, on: boolean) => onChange(on ? [...value, one] : value.filter((other) => other !== one));
  return (
    <fieldset className={styles.group} aria-describedby={help || error ? `${id}-more` : undefined}>
      <legend className={styles.label}>{label}</legend>
      {options.map((option) => (
        <Checkbox
          key={option.value}
          label={option.word}
          help={option.help}
          checked={value.includes(option.value)}
          onChange={(on) => toggle(option.value, on)}
        />
      ))}
      {(help || error) && (
        <div className={styles.more} id={`${id}-more`}>
          {error && <ToneMark tone="fault">{error}</ToneMark>}
          {help && <div>{help}</div>}
        </div>
      )}
    </fieldset>
  );
}

export function Checkbox({
  label,
  help,
  checked,
  onChange,
}: {
  readonly label: string;
  readonly help?: string | undefined;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}) {
  return (
    <label className={styles.check}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <span>
        {label}
        {help && <span className={styles.checkHelp}>{help}</span>}
      </span>
    </label>
  );
}

/** The buttons of a form, and what became of it. */
export function FormActions({ children }: { readonly children: ReactNode }) {
  return <div className={styles.actions}>{children}</div>;
}
