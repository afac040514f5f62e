/** Handles that no program has chosen are as good as random, so they name nothing. */
const RANDOM_HANDLE = /^[\w-]{24}$/;

/** The name that the business gave an account; null: it gave none. */
export function shownHandle(handle: string | null | undefined): string | null {
  return handle == null || RANDOM_HANDLE.test(handle) ? null : handle;
}
