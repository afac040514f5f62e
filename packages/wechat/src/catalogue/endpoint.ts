import documented from './endpoints.json' with { type: 'json' };

export interface Endpoint {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** `user`: the web-OAuth token of one user, which the platform does not store. */
  readonly token: 'none' | 'component' | 'authorizer' | 'either' | 'user';
  /** Repeating it has no further effect, harms no user, and loses no answer. */
  readonly safeToRepeat: boolean;
  /** Returns tokens, tickets or codes that only the platform may request. */
  readonly issuesCredentials: boolean;
  /** Documented default of a newly registered account, per day. */
  readonly dailyLimit: number | undefined;
  /** Documented, per minute and account; limits per user are not included. */
  readonly minuteLimit: number | undefined;
  /** Title of the official document. */
  readonly doc: string;
}

/** endpoints.json contains each decision, with a `why` if it is not obvious. */
export const endpoints: readonly Endpoint[] = documented.map(
  ({ name, method, path, token, safeToRepeat, issuesCredentials, doc, ...rest }) => ({
    name,
    method,
    path,
    token: token as Endpoint['token'],
    safeToRepeat,
    issuesCredentials,
    dailyLimit: rest.dailyLimit,
    minuteLimit: rest.minuteLimit,
    doc,
  }),
);

/** More layers of encoding than any server undoes. */
const MAX_DECODINGS = 5;

const byPath = indexByPath();

/** One call looks up its endpoint many times. Programs call few paths, but an attacker may try many. */
const MAX_REMEMBERED = 1_000;
const MAX_REMEMBERED_LENGTH = 256;
const spellings = new Map<string, string>();
const remembered: Readonly<Record<string, Map<string, Endpoint>>> = { GET: new Map(), POST: new Map() };

/** The endpoint of a path, also if it is not catalogued. The path may have a query. */
export function endpointOf(method: string, path: string): Endpoint {
  const known = Object.hasOwn(remembered, method) ? remembered[method]! : undefined;
  const seen = known?.get(path);
  if (seen) return seen;
  const found = find(method, path);
  if (known && path.length <= MAX_REMEMBERED_LENGTH && !path.includes('?')) {
    if (known.size >= MAX_REMEMBERED) known.delete(known.keys().next().value!);
    known.set(path, found);
  }
  return found;
}

/** The catalogue's spelling of this path, without its query; undefined if the path is not catalogued. */
export function cataloguedPath(path: string): string | undefined {
  const known = spellings.get(path);
  if (known !== undefined) return known;
  const found = byPath.get(placeOf(path))?.[0]?.path.split('?', 1)[0];
  if (found !== undefined && path.length <= MAX_REMEMBERED_LENGTH) {
    if (spellings.size >= MAX_REMEMBERED) spellings.delete(spellings.keys().next().value!);
    spellings.set(path, found);
  }
  return found;
}

function find(method: string, path: string): Endpoint {
  const [bare = '', query = ''] = path.split('?', 2);
  const place = placeOf(bare);
  const asked = method.toUpperCase();
  const candidates = byPath.get(place) ?? [];
  const chosen = candidates.length > 1 ? candidates.filter((it) => sharesAction(it, query)) : candidates;
  // Two endpoints may share a path; without an action to distinguish them, the one that is not safe to repeat applies.
  const careful = chosen.find((it) => !it.safeToRepeat) ?? chosen[0] ?? candidates.find((it) => !it.safeToRepeat);
  // Another method on a known path reaches the same API: WeChat answers 43001 or 43002, or executes it anyway.
  if (careful !== undefined) return careful;
  return {
    name: 'unknown',
    method: asked,
    path: bare,
    token: tokenByPath(place),
    safeToRepeat: asked === 'GET' && !issuesCredentialsByPath(place),
    issuesCredentials: issuesCredentialsByPath(place),
    dailyLimit: undefined,
    minuteLimit: undefined,
    doc: '',
  };
}

function indexByPath(): ReadonlyMap<string, readonly Endpoint[]> {
  const index = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const place = placeOf(endpoint.path.split('?', 1)[0] ?? '');
    index.set(place, [...(index.get(place) ?? []), endpoint]);
  }
  return index;
}

/**
 * The canonical form of a path, after undoing everything that some server might undo: encodings, letter case, `\` for `/`,
 * parameters of segments, `.` and `..`, doubled slashes, and marks at the end of a segment. Two paths with the same
 * canonical form count as one, so that no spelling gives access to a credential.
 */
function placeOf(path: string): string {
  let plain = path;
  for (let i = 0; i < MAX_DECODINGS && plain.includes('%'); i++) {
    plain = plain.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  const segments: string[] = [];
  // Blanks and control characters are removed first, because they could hide other characters.
  for (const segment of plain
    .replace(/[\x00-\x20\x7f]/g, '')
    .toLowerCase()
    .split(/[/\\]/)) {
    const bare = segment.replace(/[;?#].*$/, '');
    if (bare === '..') segments.pop();
    const kept = bare.replace(/[.~]+$/, '');
    if (kept !== '') segments.push(kept);
  }
  return `/${segments.join('/')}`;
}

function sharesAction(endpoint: Endpoint, query: string): boolean {
  const action = new URLSearchParams(query).get('action');
  return action !== null && endpoint.path.endsWith(`?action=${action}`);
}

/**
 * Families of paths that issue credentials, each with newer versions and all paths below it. Those of `/cgi-bin/token`
 * and `/sns/oauth2` are not catalogued, because they require an account's own secret.
 */
const CREDENTIAL_FAMILIES = [
  /^\/cgi-bin\/(?:stable_?)?token/,
  /^\/cgi-bin\/component\/api_(?:\w*token|query_auth|create_preauthcode)/,
  /^\/sns\/oauth2\/(?:access|refresh)_token/,
];

function issuesCredentialsByPath(place: string): boolean {
  return CREDENTIAL_FAMILIES.some((family) => family.test(place));
}

/** Families whose APIs take the component's token (protocol §4.11, §5.6, §5.7; `componenttcb`: cloud environments in bulk). */
const COMPONENT_FAMILIES = [/^\/(?:cgi-bin|wxa)\/component\//, /^\/sns\/(?:\w+\/)?component\//, /^\/componenttcb\//];

function tokenByPath(place: string): Endpoint['token'] {
  if (issuesCredentialsByPath(place)) return 'none';
  if (/^\/cgi-bin\/component\/(?:set|get|upload)privacy/.test(place)) return 'authorizer';
  if (COMPONENT_FAMILIES.some((family) => family.test(place))) return 'component';
  return place.startsWith('/sns/') ? 'user' : 'authorizer';
}
