/**
 * Runs an insert whose row may be there already; false where another was first. Written so that it needs no dialect's
 * word for a duplicate: an insert that fails although nothing is there has another cause, and that is thrown.
 */
export async function insertedFirst(insert: () => Promise<unknown>, isThere: () => Promise<boolean>): Promise<boolean> {
  try {
    await insert();
    return true;
  } catch (error) {
    if (await isThere()) return false;
    throw error;
  }
}
