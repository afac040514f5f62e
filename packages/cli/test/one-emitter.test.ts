import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../src/root.ts';

/**
 * An option, a method or a parameter that takes an observer: `onHost?: …`, `onHost(listener: …)`, `tell: (news: …) => void`,
 * `report: HostListener`. Calls of other libraries (`addEventListener`, `server.on`) declare none.
 */
const OBSERVER = [
  /\bon[A-Z]\w*\??: (?:\(|\w*Listener\b|Platform\b)/,
  /\bon[A-Z]\w*\(\w*[lL]istener\b/,
  /\b(?:tell|report|notify|observer|listener)\w*\??: (?:\([^)]+\) => void|\w+Listener\b)/,
];

/** The emitter itself, and what carries no event of the platform. */
const NO_OBSERVERS = [
  'packages/platform/src/events.ts',
  // Pub/sub hints between processes, and what ends a wait.
  'packages/platform/src/redis/hints.ts',
  'packages/gateway/src/http/one-shot-signal.ts',
  // wechat is below the emitter: it reports its hosts to the one function that platform passes, which publishes.
  'packages/wechat/src/http/fail-over.ts',
];

function observersIn(text: string): string[] {
  return text.split('\n').filter((line) => OBSERVER.some((pattern) => pattern.test(line)));
}

it.each([
  'readonly onRefresh?: RefreshListener;',
  'onServer(listener: (news: ServerNews) => void): void;',
  "readonly onOwnership: Platform['onOwnership'];",
  'readonly onHost?: (news: HostNews) => void;',
  'constructor(redis: RedisClient, tell: (news: QuotaNews) => void = () => {}) {',
  'sendInline(concurrency: number, report: PerformedListener): Closable;',
])('recognizes an observer callback: %s', (line) => {
  expect(observersIn(line)).toEqual([line]);
});

it.each([
  "signal.addEventListener('abort', onAbort);",
  "worker.on('failed', (job, error) => {",
  "events.subscribe('redis', ({ what }) => {",
  'const end = onDuplicate(key, change, (name) => name);',
])('lets other code pass: %s', (line) => {
  expect(observersIn(line)).toEqual([]);
});

it('no observer callback exists beside the emitter', () => {
  const files = globSync('packages/{platform,wechat,gateway,worker,telemetry}/src/**/*.ts', { cwd: root }).filter(
    (file) => !/\.(?:test|d)\.ts$/.test(file) && !NO_OBSERVERS.includes(file),
  );
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((file) =>
    observersIn(readFileSync(join(root, file), 'utf8')).map((line) => `${file}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
