/** A whole number of this name in an answer; undefined: there is none. */
export function codeIn(json: unknown, name: string): number | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const value = (json as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'number' ? value : undefined;
}
