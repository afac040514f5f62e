import catalogued from './endpoints.json' with { type: 'json' };

export interface Endpoint {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** `user`: the web-OAuth token of one person, which is not ours to keep. */
  readonly token: 'none' | 'component' | 'authorizer' | 'either' | 'user';
  /** Doing it twice leaves what doing it once leaves, harms nobody, and no answer worth having is lost. */
  readonly safeToRepeat: boolean;
  /** Gives out tokens, tickets or codes that are the platform's own business. */
  readonly mints: boolean;
  /** Documented default of a newly registered account, per day. */
  readonly dailyLimit: number | undefined;
  /** Documented, per minute and account; what WeChat counts for each person is not here. */
  readonly minuteLimit: number | undefined;
  /** Title of the official document. */
  readonly doc: string;
}

/** endpoints.json carries each decision, with its `why` where it does not explain itself. */
export const endpoints: readonly Endpoint[] = catalogued.map(
  ({ name, method, path, token, safeToRepeat, mints, doc, ...rest }) => ({
    name,
    method,
    path,
    token: token as Endpoint['token'],
    safeToRepeat,
    mints,
    dailyLimit: rest.dailyLimit,
    minuteLimit: rest.minuteLimit,
    doc,
  }),
);

const byPath = indexByPath();

/** Coupons, images, cloud functions, shops, devices: an account may call them, though the catalogue knows none. */
const uncatalogued = [
  ...['/card/', '/channels/', '/cv/', '/device/', '/merchant/', '/product/', '/scan/', '/semantic/'],
  ...['/shakearound/', '/shop/', '/tcb/', '/bizwifi/'],
];

/** Every path of WeChat's API begins with one of these. */
export const wechatPathPrefixes: readonly string[] = [
  ...new Set([...endpoints.map(({ path }) => path.slice(0, path.indexOf('/', 1) + 1)), ...uncatalogued]),
];

/** A call asks a dozen times for the same; what programs call are a few paths, but whoever guesses asks for many. */
const MOST_REMEMBERED = 1_000;
const remembered: Readonly<Record<string, Map<string, Endpoint>>> = { GET: new Map(), POST: new Map() };

/** Always answers, for endpoints that nobody catalogued too. A query may follow the path. */
export function endpointOf(method: string, path: string): Endpoint {
  const known = Object.hasOwn(remembered, method) ? remembered[method]! : undefined;
  const seen = known?.get(path);
  if (seen) return seen;
  const found = find(method, path);
  if (known && path.length <= 256 && !path.includes('?')) {
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(path, found);
  }
  return found;
}

function find(method: string, path: string): Endpoint {
  const [bare = '', query = ''] = path.split('?', 2);
  const place = normal(bare);
  const asked = method.toUpperCase();
  const candidates = byPath.get(place) ?? [];
  const chosen = candidates.length > 1 ? candidates.filter((it) => sharesAction(it, query)) : candidates;
  // Two endpoints may share a path; without an action to tell them apart, the careful one counts.
  const careful = chosen.find((it) => !it.safeToRepeat) ?? chosen[0] ?? candidates.find((it) => !it.safeToRepeat);
  // Another method on a known path reaches the same door: WeChat answers 43001 or 43002, or does it anyway.
  if (careful !== undefined) return careful;
  return {
    name: 'unknown',
    method: asked,
    path: bare,
    token: tokenByPath(place),
    safeToRepeat: asked === 'GET' && !mintsByPath(place),
    mints: mintsByPath(place),
    dailyLimit: undefined,
    minuteLimit: undefined,
    doc: '',
  };
}

function indexByPath(): ReadonlyMap<string, readonly Endpoint[]> {
  const index = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const place = normal(endpoint.path.split('?', 1)[0] ?? '');
    index.set(place, [...(index.get(place) ?? []), endpoint]);
  }
  return index;
}

/** Whoever spells a minting path differently shall not get past it. */
function normal(path: string): string {
  let plain = path;
  try {
    plain = decodeURIComponent(path);
  } catch {
    // Not an encoding: then it is what it looks like.
  }
  return plain
    .toLowerCase()
    .replace(/\/{2,}/g, '/')
    .replace(/\/+$/, '');
}

function sharesAction(endpoint: Endpoint, query: string): boolean {
  const action = new URLSearchParams(query).get('action');
  return action !== null && endpoint.path.endsWith(`?action=${action}`);
}

/** These stand outside the catalogue, because only the account's own secret opens them. */
const mintingPaths = new Set([
  '/cgi-bin/token',
  '/cgi-bin/stable_token',
  '/sns/oauth2/access_token',
  '/sns/oauth2/refresh_token',
]);

function mintsByPath(place: string): boolean {
  return (
    mintingPaths.has(place) || /^\/cgi-bin\/component\/api_(?:\w+_token|query_auth|create_preauthcode)$/.test(place)
  );
}

function tokenByPath(place: string): Endpoint['token'] {
  if (mintingPaths.has(place)) return 'none';
  // Rules of dossier §4.11, §5.6 and §5.7.
  if (/^\/cgi-bin\/component\/(?:set|get|upload)privacy/.test(place)) return 'authorizer';
  if (/^\/(?:cgi-bin|wxa)\/component\//.test(place) || /^\/sns\/(?:\w+\/)?component\//.test(place)) return 'component';
  return place.startsWith('/sns/') ? 'user' : 'authorizer';
}
