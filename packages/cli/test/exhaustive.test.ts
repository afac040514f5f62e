import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { root } from '../src/root.ts';

const PUSH = 'wechat/src/push/push.ts';
const TOKEN = 'platform/src/token/token.ts';
const QUEUES = 'platform/src/open-queues.ts';
const EVENTS = 'platform/src/events.ts';
const PROCESSORS = 'worker/src/processors/processors.ts';

const UNAUTHORIZED = "| { readonly type: 'unauthorized'; readonly component: string; readonly appid: string }";
const NEWEST_EVENT = "readonly 'listener-error': ListenerErrorEvent;";
const KINDS = "export type TokenKindName = 'component' | 'authorizer' | 'jsapi-ticket' | 'wx-card-ticket'";

interface Change {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

const copies: string[] = [];
afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true });
});

it('a new InfoType, kind of token, queue or event does not compile at any place that must change', async () => {
  const changes = [
    { file: PUSH, before: UNAUTHORIZED, after: `${UNAUTHORIZED} ${UNAUTHORIZED.replace('unauthorized', 'new')}` },
    { file: TOKEN, before: KINDS, after: `${KINDS} | 'new'` },
    { file: EVENTS, before: NEWEST_EVENT, after: `${NEWEST_EVENT} readonly new: ListenerErrorEvent;` },
    { file: QUEUES, before: 'pushes: PushJob,', after: "pushes: PushJob, new: { ...PushJob, queue: 'new' }," },
  ];
  const placesOfInfoType = [
    // How WeChat spells it, and its fields.
    'wechat/src/push/read-push.ts',
    // By what two deliveries are the same push.
    'platform/src/journal/push-id.ts',
    // How it is listed and filtered.
    'platform/src/journal/push-type.ts',
    // What is done about it.
    'platform/src/push/handle.ts',
  ];
  const placesOfTokenKind = [
    // Whether components or accounts hold it; by that it is refreshed ahead and resealed.
    TOKEN,
    // What follows from a changed token.
    'platform/src/authorizer/token-effects.ts',
    // Its source.
    'platform/src/open-services.ts',
  ];
  const placesOfQueue = [PROCESSORS];
  // Its line in the log.
  const placesOfEvent = ['telemetry/src/logs.ts'];
  const expected = [...placesOfInfoType, ...placesOfTokenKind, ...placesOfQueue, ...placesOfEvent];
  expect(await filesWithErrors(changes)).toEqual(expected.sort());
});

it('a processor without a queue does not compile', async () => {
  const removed = { file: QUEUES, before: "  'quota-alarms': QuotaAlarmJob,\n", after: '' };
  expect(await filesWithErrors([removed])).toContain(PROCESSORS);
});

/** Changes a copy of the packages and compiles it. */
async function filesWithErrors(changes: readonly Change[]): Promise<string[]> {
  const packages = copyOfPackages();
  for (const { file, before, after } of changes) {
    const path = join(packages, file);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(before);
    writeFileSync(path, text.replace(before, after));
  }
  const output = await compile(packages);
  const files = [...output.matchAll(/^packages\/(\S+?)\(\d+,\d+\): error/gm)].map(([, file]) => file!);
  return [...new Set(files)].sort();
}

function copyOfPackages(): string {
  const copy = mkdtempSync(join(tmpdir(), 'wxthirdparty-types-'));
  copies.push(copy);
  for (const name of ['wechat', 'platform', 'worker', 'telemetry']) {
    const [from, to] = [join(root, 'packages', name), join(copy, 'packages', name)];
    cpSync(join(from, 'src'), join(to, 'src'), { recursive: true });
    cpSync(join(from, 'package.json'), join(to, 'package.json'));
    if (readdirSync(from).includes('node_modules')) symlinkSync(join(from, 'node_modules'), join(to, 'node_modules'));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: { paths: { '@wxthirdparty/*': ['./packages/*/src/index.ts'] } },
    include: ['packages/*/src/**/*'],
    exclude: ['**/*.test.ts'],
  };
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(config));
  return join(copy, 'packages');
}

function compile(packages: string): Promise<string> {
  const cwd = join(packages, '..');
  return new Promise((resolve) => {
    // It ends with an exit code other than 0 if there are errors.
    execFile(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '--pretty', 'false'], { cwd }, (_, output) => {
      resolve(output);
    });
  });
}
