import { isDuplicate } from './sql-error.ts';

/**
 * True where it was written, false where a row with its key is there. Together with an update before it this is the
 * "update, else insert" that every database understands: false then means that another was first.
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
