/** Of the fields of a package.json, those that publishing reads or changes. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly publishConfig?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Fields of `publishConfig` that replace those of the workspace's manifest, as pnpm does when it packs. */
const REPLACED = ['exports', 'bin'];
/** Of no use outside the workspace. */
const OMITTED = ['devDependencies', 'scripts', 'private'];

/**
 * The manifest of the tarball: it names what has been built, where that of the workspace names sources. `dependencies`: what
 * the built files import, if that is more.
 */
export function publishedManifest(workspace: Manifest, dependencies = workspace.dependencies): Manifest {
  const { publishConfig = {}, ...fields } = workspace;
  const [replacing, kept] = [pick(publishConfig, true), pick(publishConfig, false)];
  const published = Object.entries(fields).filter(([name]) => !OMITTED.includes(name));
  return {
    ...(Object.fromEntries(published) as Manifest),
    ...replacing,
    ...(dependencies ? { dependencies } : {}),
    publishConfig: kept,
  };
}

function pick(publishConfig: Readonly<Record<string, unknown>>, replaced: boolean): Record<string, unknown> {
  return Object.fromEntries(Object.entries(publishConfig).filter(([name]) => REPLACED.includes(name) === replaced));
}
