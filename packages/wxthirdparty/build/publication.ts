/** The state of the repository, as far as a publication depends on it. */
export interface Repository {
  /** The version of each package.json, by its path. */
  readonly versions: ReadonlyMap<string, string>;
  readonly changelog: string;
  /** The files that differ from the last commit. */
  readonly uncommitted: readonly string[];
  /** The tags of the last commit. */
  readonly tags: readonly string[];
}

/** What must be corrected before the tarballs are published; one sentence each. */
export function publicationFaults({ versions, changelog, uncommitted, tags }: Repository): string[] {
  const version = versions.get('package.json');
  if (version === undefined) return ['package.json has no version.'];
  const others = [...versions].filter(([, other]) => other !== version);
  const heading = new RegExp(`^## ${version.replaceAll('.', '\\.')}(?:\\s|$)`, 'm');
  return [
    ...others.map(([path, other]) => `${path} has the version ${other}, and package.json has ${version}.`),
    ...(heading.test(changelog) ? [] : [`CHANGELOG.md has no heading "## ${version}".`]),
    ...(uncommitted.length === 0 ? [] : [`These files are not committed: ${uncommitted.join(', ')}.`]),
    ...(tags.includes(`v${version}`) ? [] : [`The last commit does not have the tag v${version}.`]),
  ];
}
