import { isDuplicate } from './sql-error.ts';

/**
 * True if the row was written, false if a row with its key exists. After an update that found no row, this is the
 * "update, else insert" that every database understands; false then means that another writer was first.
 */
export async function insertUnlessThere(write: { execute(): Promise<unknown> }): Promise<boolean> {
  try {
    await write.execute();
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
