import { posix } from 'node:path';

/** Everything the floors are judged by: paths relative to the root, with their text. */
export interface House {
  readonly files: ReadonlyMap<string, string>;
  /** Of each package: the dependencies that its package.json names. */
  readonly manifests: ReadonlyMap<string, Manifest>;
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What a package may import of the house; `simulator` and `sdk` stand apart and import nothing of it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  cli: ['gateway', 'worker', 'platform', 'wechat', 'simulator'],
  gateway: ['platform', 'wechat'],
  worker: ['platform', 'wechat'],
  platform: ['wechat'],
  wechat: [],
  sdk: [],
  simulator: [],
};

/** Tests may practise on the simulator: it stands apart, so nothing runs up by it. */
const TESTS_MAY_ALSO = ['simulator'];

/** Inside platform/src, from the ground up. */
const PLATFORM_ORDER = [
  'redis',
  'database',
  'queue',
  'deployment',
  'key',
  'token',
  'quota',
  'component',
  'authorizer',
  'webhook',
  'call',
  'follower',
  'push',
  'ancestor',
  'watch.ts',
  'reseal.ts',
  'platform.ts',
  'index.ts',
];

const SCOPE = '@wxthirdparty/';

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The file it means, as far as it is one of ours. */
  readonly target: string | undefined;
}

/** Every import that runs up a floor, goes round in a circle, or goes by a package's own front door; each named. */
export function violations(house: House): string[] {
  const imports = [...house.files].flatMap(([file, text]) =>
    specifiersIn(text).map((specifier): Import => ({ from: file, specifier, target: targetOf(file, specifier) })),
  );
  return [
    ...imports.flatMap((one) => betweenPackages(one, house)),
    ...imports.flatMap(throughOwnIndex),
    ...insidePlatform(imports),
    ...manifestsThatRunUp(house),
    ...circles(imports, house),
  ];
}

// Types count too: a floor that only knows another's types still cannot be read without it.
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

/** Tests that stand beside `src` speak as the package's readers do; those within it know their file. */
function isFromOutside(file: string): boolean {
  return /^packages\/[^/]+\/test\//.test(file);
}

function tell(one: Import, why: string): string {
  return `${one.from} → ${one.specifier}: ${why}`;
}

function betweenPackages(one: Import, { manifests }: House): string[] {
  const here = packageOf(one.from);
  const there = one.target && packageOf(one.target);
  if (here === undefined || there === undefined || here === there) return [];
  if (one.specifier.startsWith('.')) return [tell(one, 'a package is imported by its name, not by its path')];
  const test = isTest(one.from);
  if (!mayImport(here, there, test)) return [tell(one, `${here} does not stand above ${there}`)];
  const manifest = manifests.get(here);
  const declared = { ...(test ? manifest?.devDependencies : {}), ...manifest?.dependencies };
  if (`${SCOPE}${there}` in declared) return [];
  return [tell(one, `packages/${here}/package.json does not name ${SCOPE}${there}`)];
}

function mayImport(here: string, there: string, test: boolean): boolean {
  return [...(PACKAGES[here] ?? []), ...(test ? TESTS_MAY_ALSO : [])].includes(there);
}

function throughOwnIndex(one: Import): string[] {
  const here = packageOf(one.from);
  if (here === undefined || one.target !== `packages/${here}/src/index.ts` || isFromOutside(one.from)) return [];
  return [tell(one, 'a file imports the one it means, not the index of its own package')];
}

function insidePlatform(imports: readonly Import[]): string[] {
  const inside = imports.filter(
    ({ from, target }) => inPlatform(from) && !isTest(from) && target && inPlatform(target),
  );
  const ground = groundOf(inside);
  return inside.flatMap((one) => {
    const [here, there] = [floorOf(one.from, ground), floorOf(one.target!, ground)];
    if (here === undefined) return [tell(one, `${placeOf(one.from)} stands on no floor of platform`)];
    if (there === undefined) return [tell(one, `${placeOf(one.target!)} stands on no floor of platform`)];
    if (here > there || placeOf(one.from) === placeOf(one.target!) || (here === 0 && there === 0)) return [];
    return [tell(one, `${placeOf(one.from)} stands below ${placeOf(one.target!)}`)];
  });
}

const PLATFORM = 'packages/platform/src/';

function inPlatform(file: string): boolean {
  return file.startsWith(PLATFORM);
}

/** The folder of platform/src, or the file that lies there by itself. */
function placeOf(file: string): string {
  return file.slice(PLATFORM.length).split('/')[0]!;
}

/** Files beside the folders that import nothing of platform, or only one another: everybody may stand on them. */
function groundOf(inside: readonly Import[]): (place: string) => boolean {
  const needs = Map.groupBy(inside, ({ from }) => placeOf(from));
  const isGround = (place: string, asked: readonly string[] = []): boolean =>
    place.endsWith('.ts') &&
    !PLATFORM_ORDER.includes(place) &&
    !asked.includes(place) &&
    (needs.get(place) ?? []).every(({ target }) => isGround(placeOf(target!), [...asked, place]));
  return isGround;
}

/** 0 is the ground. */
function floorOf(file: string, isGround: (place: string) => boolean): number | undefined {
  const place = placeOf(file);
  if (isGround(place)) return 0;
  const floor = PLATFORM_ORDER.indexOf(place);
  return floor === -1 ? undefined : floor + 1;
}

function manifestsThatRunUp({ manifests }: House): string[] {
  return [...manifests].flatMap(([name, { dependencies = {}, devDependencies = {} }]) => {
    const above = (names: string[], test: boolean) =>
      names
        .filter((one) => one.startsWith(SCOPE) && !mayImport(name, one.slice(SCOPE.length), test))
        .map((one) => `packages/${name}/package.json → ${one}: ${name} does not stand above it`);
    return [...above(Object.keys(dependencies), false), ...above(Object.keys(devDependencies), true)];
  });
}

function circles(imports: readonly Import[], { files }: House): string[] {
  const next = new Map<string, string[]>();
  for (const { from, target } of imports) {
    if (target && files.has(target)) next.set(from, [...(next.get(from) ?? []), target]);
  }
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start !== -1) found.push(`${[...path.slice(start), file].join(' → ')}: these import each other in a circle`);
    if (start !== -1 || done.has(file)) return;
    for (const target of next.get(file) ?? []) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) walk(file, []);
  return found;
}
