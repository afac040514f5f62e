/** Bytes (BLOB columns) are read as a Buffer from MySQL and as a Uint8Array from SQLite. */
export type SqlValue = string | number | Uint8Array | null;

export interface Statement {
  /** With `?` for each parameter. */
  readonly text: string;
  readonly parameters: readonly SqlValue[];
  /** Undoes the whole write unless at least one row was changed. */
  readonly orUndo?: boolean;
}
