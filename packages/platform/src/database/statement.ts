export type SqlValue = string | number | null;

export interface Statement {
  /** With `?` for each parameter. */
  readonly text: string;
  readonly parameters: readonly SqlValue[];
  /** Undoes the whole write unless at least one row was changed. */
  readonly orUndo?: boolean;
}
