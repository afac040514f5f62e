import { posix } from 'node:path';

/** All that the floors are judged by: paths relative to the root, with their text. */
export interface Project {
  readonly files: ReadonlyMap<string, string>;
  /** For each package, the dependencies that its package.json names. */
  readonly manifests: ReadonlyMap<string, Manifest>;
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * The packages of the project that a package may import; `simulator` and `sdk` are apart and import none. `wxthirdparty` and
 * `console` are apart, too; what they bundle is none of their imports.
 */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  cli: ['gateway', 'worker', 'telemetry', 'platform', 'wechat', 'simulator'],
  gateway: ['platform', 'wechat'],
  worker: ['platform', 'wechat'],
  telemetry: ['platform', 'wechat'],
  platform: ['wechat'],
  wechat: [],
  sdk: [],
  wxthirdparty: ['sdk'],
  console: ['sdk'],
  simulator: [],
};

/** Packages whose dependencies are part of their built files: the workspace installs them, users do not. */
const BUNDLED = ['wxthirdparty', 'console'];

/** Tests may use the simulator: it is apart, so no import of it runs up. */
const TESTS_MAY_ALSO = ['simulator'];

/**
 * The order of the folders and files directly below `src`, from the ground up. The other packages need no order of their
 * own: no two of their folders may import each other, directly or by a detour.
 */
const ORDERS: Readonly<Record<string, readonly string[]>> = {
  platform: [
    'sealing',
    'redis',
    'database',
    'events.ts',
    'health.ts',
    'redis-changes.ts',
    'queue',
    'deployment',
    'journal',
    'token',
    'quota',
    'key',
    'user-token',
    'request',
    'quota-lookup',
    'component',
    'authorizer',
    'consent',
    'reconciliation',
    'webhook',
    'operator',
    'alarm',
    'call',
    'callback',
    'follower',
    'reply',
    'subscription',
    'delivery',
    'release-check',
    'push',
    'overview',
    'doctor',
    'import',
    'maintenance',
    'open-foundation.ts',
    'open-queues.ts',
    'open-services.ts',
    'open-alarms.ts',
    'open-alarm-sources.ts',
    'open-calls.ts',
    'open-replies.ts',
    'open-deliveries.ts',
    'open-journal.ts',
    'open-doctor.ts',
    'gateway-face.ts',
    'shared-state.ts',
    'worker-face.ts',
    'platform.ts',
    'index.ts',
  ],
  gateway: [
    'gateway-settings.ts',
    'gateway-platform.ts',
    'http',
    'console',
    'contract',
    'key',
    'session',
    'admin',
    'home',
    'status',
    'explain',
    'operator',
    'alarm',
    'quota',
    'authorize',
    'authorizer',
    'component',
    'follower',
    'call',
    'js-config',
    'push',
    'subscription',
    'delivery',
    'release-check',
    'doctor',
    'virtual',
    'key-admin',
    'openapi',
    'request-log.ts',
    'front.ts',
    'app.ts',
    'start-gateway.ts',
    'index.ts',
  ],
  console: ['words', 'api', 'ui', 'screens', 'app', 'main.tsx'],
};

const SCOPE = '@wxthirdparty/';

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The file that it names, if that belongs to the project. */
  readonly target: string | undefined;
}

/** Every import that runs up, is part of a circle, or names its own package's index; one line each. */
export function violations(project: Project): string[] {
  const imports = [...project.files].flatMap(([file, text]) =>
    specifiersIn(text).map((specifier): Import => ({ from: file, specifier, target: targetOf(file, specifier) })),
  );
  return [
    ...imports.flatMap((one) => betweenPackages(one, project)),
    ...imports.flatMap(throughOwnIndex),
    ...insidePackages(imports),
    ...manifestsThatRunUp(project),
    ...circlesOfFiles(imports, project),
  ];
}

// Types count, too: a folder that imports only another's types still cannot be read without it.
const SPECIFIER =
  /(?:^|[\n;])\s*(?:import|export)\s+(?:[^'";]*?\sfrom\s*)?['"]([^'"\n]+)['"]|\bimport\s*\(\s*['"]([^'"\n]+)['"]/g;

export function specifiersIn(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(SPECIFIER)].map((match) => (match[1] ?? match[2])!);
}

function targetOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  if (!specifier.startsWith(SCOPE)) return undefined;
  return `packages/${specifier.slice(SCOPE.length).split('/')[0]}/src/index.ts`;
}

function packageOf(file: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(file)?.[1];
}

function isTest(file: string): boolean {
  return /\.test\.ts$|^packages\/[^/]+\/test\//.test(file);
}

/** Tests beside `src` use the package as its users do; those inside `src` import the file they test. */
function isFromOutside(file: string): boolean {
  return /^packages\/[^/]+\/test\//.test(file);
}

function report(one: Import, why: string): string {
  return `${one.from} → ${one.specifier}: ${why}`;
}

function betweenPackages(one: Import, { manifests }: Project): string[] {
  const here = packageOf(one.from);
  const there = one.target && packageOf(one.target);
  if (here === undefined || there === undefined || here === there) return [];
  if (one.specifier.startsWith('.')) return [report(one, 'a package is imported by its name, not by its path')];
  const test = isTest(one.from);
  if (!mayImport(here, there, test)) return [report(one, `${here} is not above ${there}`)];
  const manifest = manifests.get(here);
  const installs = test || BUNDLED.includes(here);
  const declared = { ...(installs ? manifest?.devDependencies : {}), ...manifest?.dependencies };
  if (`${SCOPE}${there}` in declared) return [];
  return [report(one, `packages/${here}/package.json does not name ${SCOPE}${there}`)];
}

function mayImport(here: string, there: string, test: boolean): boolean {
  return [...(PACKAGES[here] ?? []), ...(test ? TESTS_MAY_ALSO : [])].includes(there);
}

function throughOwnIndex(one: Import): string[] {
  const here = packageOf(one.from);
  if (here === undefined || one.target !== `packages/${here}/src/index.ts` || isFromOutside(one.from)) return [];
  return [report(one, 'a file imports the one it needs, not the index of its own package')];
}

function insidePackages(imports: readonly Import[]): string[] {
  const byPackage = Map.groupBy(imports.filter(isInsidePackage), ({ from }) => packageOf(from)!);
  return [...byPackage].flatMap(([name, inside]) => {
    const order = ORDERS[name];
    return order ? againstOrder(name, order, inside) : circlesOfPlaces(name, inside);
  });
}

function isInsidePackage({ from, target }: Import): boolean {
  const name = packageOf(from);
  if (name === undefined || target === undefined || isTest(from)) return false;
  return from.startsWith(srcOf(name)) && target.startsWith(srcOf(name));
}

function againstOrder(name: string, order: readonly string[], inside: readonly Import[]): string[] {
  const floor = floorsOf(order, inside);
  return inside.flatMap((one) => {
    const [here, there] = [placeOf(one.from), placeOf(one.target!)];
    if (here === there) return [];
    const [upper, lower] = [floor(here), floor(there)];
    if (upper === undefined) return [report(one, `${here} is on no floor of ${name}`)];
    if (lower === undefined) return [report(one, `${there} is on no floor of ${name}`)];
    if (upper > lower || (upper === 0 && lower === 0)) return [];
    return [report(one, `${here} is below ${there}`)];
  });
}

/** 0 is the ground: files beside the folders that import nothing of the package, or only one another. */
function floorsOf(order: readonly string[], inside: readonly Import[]): (place: string) => number | undefined {
  const imported = Map.groupBy(inside, ({ from }) => placeOf(from));
  const isGround = (place: string, visited: readonly string[] = []): boolean =>
    place.endsWith('.ts') &&
    !order.includes(place) &&
    !visited.includes(place) &&
    (imported.get(place) ?? []).every(({ target }) => isGround(placeOf(target!), [...visited, place]));
  return (place) => {
    const floor = order.indexOf(place);
    if (floor !== -1) return floor + 1;
    return isGround(place) ? 0 : undefined;
  };
}

function circlesOfPlaces(name: string, inside: readonly Import[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, target } of inside) {
    const [here, there] = [placeOf(from), placeOf(target!)];
    if (here !== there) next.set(here, (next.get(here) ?? new Set()).add(there));
  }
  return circlesIn(next).map((circle) => `packages/${name}/src: ${circle.join(' → ')} import each other in a circle`);
}

function srcOf(name: string): string {
  return `packages/${name}/src/`;
}

/** The folder directly below `src`, or the file that is there by itself. */
function placeOf(file: string): string {
  return file.split('/')[3]!;
}

function manifestsThatRunUp({ manifests }: Project): string[] {
  return [...manifests].flatMap(([name, { dependencies = {}, devDependencies = {} }]) => {
    const above = (names: string[], test: boolean) =>
      names
        .filter((one) => one.startsWith(SCOPE) && !mayImport(name, one.slice(SCOPE.length), test))
        .map((one) => `packages/${name}/package.json → ${one}: ${name} is not above it`);
    return [...above(Object.keys(dependencies), false), ...above(Object.keys(devDependencies), true)];
  });
}

function circlesOfFiles(imports: readonly Import[], { files }: Project): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, target } of imports) {
    if (target && files.has(target)) next.set(from, (next.get(from) ?? new Set()).add(target));
  }
  return circlesIn(next).map((circle) => `${circle.join(' → ')}: these import each other in a circle`);
}

/** Each circle as a path that ends where it starts. */
function circlesIn(next: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  const walk = (node: string, path: readonly string[]) => {
    const start = path.indexOf(node);
    if (start !== -1) found.push([...path.slice(start), node]);
    if (start !== -1 || done.has(node)) return;
    for (const target of next.get(node) ?? []) walk(target, [...path, node]);
    done.add(node);
  };
  for (const node of next.keys()) walk(node, []);
  return found;
}
