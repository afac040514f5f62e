/** The file behind `sqlite:/absolute/path`; undefined for any other database. */
export function sqlitePath(databaseUrl: string): string | undefined {
  return /^sqlite:(\/.*)$/.exec(databaseUrl)?.[1];
}
