/**
 * Of a connection to a story's own server: longer than any story. A client that has stalled does not notice that a server has closed
 * an idle connection, and its next request fails.
 */
export const IDLE_TIMEOUT_MS = 3_600_000;
