import { typed } from './installation.ts';

/** A command as `help` describes it. */
export interface Documented {
  /** One line, without a full stop. */
  readonly summary: string;
  /** What may follow the name: one line for each form. */
  readonly usage: readonly string[];
  /** Paragraphs that `help COMMAND` adds. */
  readonly details?: string;
}

/** The text of `help`. */
export function overview(commands: Readonly<Record<string, Documented>>): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    `Usage: ${typed('COMMAND')}`,
    '',
    ...lines,
    '',
    `"${typed('help COMMAND')}" describes one command. Settings come from the environment and from .env.`,
  ].join('\n');
}

/** The text of `help COMMAND`. */
export function usageOf(name: string, { summary, usage, details }: Documented): string {
  const forms = usage.map((form) => typed(`${name} ${form}`.trimEnd()));
  const [only] = forms;
  const head = forms.length === 1 ? `Usage: ${only}` : ['Usage:', ...forms.map((form) => `  ${form}`)].join('\n');
  const paragraphs = [head, `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, ...(details ? [details] : [])];
  return paragraphs.join('\n\n');
}
