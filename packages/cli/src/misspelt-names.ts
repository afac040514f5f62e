/** Names in `.env` that only docker-compose.yml uses. */
export const composeNames: readonly string[] = [
  'REDIS_PASSWORD',
  'MARIADB_PASSWORD',
  'NODE_PORTS',
  'GATEWAY_PORTS',
  'NODE_MEMORY',
  'REDIS_MEMORY',
  'REDIS_MAXMEMORY',
  'SIMULATOR_PUSHES_TO',
];

/**
 * A sentence for each name that is not a setting but resembles one. `.env` may also contain names of other programs;
 * those are ignored. Names only, never values.
 */
export function misspeltNames(names: readonly string[], settings: readonly string[]): string[] {
  const known = new Set([...settings, ...composeNames]);
  return names
    .filter((name) => !known.has(name))
    .flatMap((name) => {
      const meant = mostLike(name, settings);
      return meant === undefined ? [] : [`${name} in .env is not a setting; did you mean ${meant}?`];
    });
}

function mostLike(name: string, settings: readonly string[]): string | undefined {
  const candidates = settings
    .map((setting) => ({ setting, distance: distanceOf(name, setting) }))
    .filter(({ setting, distance }) => distance <= allowed(setting))
    .sort((one, other) => one.distance - other.distance);
  return candidates[0]?.setting;
}

/** Short names differ by one letter from many words that are no mistakes, such as HOST from HOME. */
function allowed(setting: string): number {
  return setting.length < 6 ? 1 : Math.floor(setting.length / 5) + 1;
}

/** Letters that have to be inserted, removed or replaced (Levenshtein), whatever the case and the underscores. */
function distanceOf(one: string, other: string): number {
  const [from, to] = [plain(one), plain(other)];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

function plain(name: string): string {
  return name.toUpperCase().replaceAll('_', '');
}
