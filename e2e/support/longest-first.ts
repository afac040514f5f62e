import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, the longest first. A long one that starts last runs alone, and the other workers wait for it.
 * vitest knows no durations in a fresh checkout.
 */
const LONGEST = [
  'stores',
  'follower-sync-quota',
  'shutdown',
  'follower-sync-takeover',
  'lanes',
  'restoration',
  'versions-side-by-side',
  'call-takeover',
  'deliveries',
  'push-journal',
  'follower-sync',
  'no-secrets',
  'deployment-identity',
  'token-takeover',
  'database-outage',
  'openapi',
  'call-terms',
  'consent',
  'quotas',
  'replies',
  'subscriptions',
  'follower-sync-database',
  'token-contention',
  'rolling-restart',
].map((name) => `/e2e/${name}.story.test.ts`);

/** They install packages or start whole processes, and would be among the last of the short ones. */
const LONG_IN_PACKAGES = ['/wxthirdparty/test/package.test.ts', '/cli/test/start.test.ts'];

/** Long stories, the other stories, and then the short tests of the packages, which fill the remaining time. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  if (project.name !== 'stories')
    return LONGEST.length + (LONG_IN_PACKAGES.some((file) => moduleId.endsWith(file)) ? 0 : 1);
  const place = LONGEST.findIndex((story) => moduleId.endsWith(story));
  return place === -1 ? LONGEST.length : place;
}
