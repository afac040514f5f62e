const SHOWN = 8;

/** Enough of a link's id to recognize it; the whole id permits one consent. */
export function shortLink(id: string): string {
  return id.slice(-SHOWN);
}
