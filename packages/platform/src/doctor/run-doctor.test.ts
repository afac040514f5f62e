import { afterEach, expect, it, vi } from 'vitest';
import type { DoctorSettings } from './doctor-settings.ts';
import { type Fault, failing, text, warning } from './finding.ts';
import { resultOf, runDoctor } from './run-doctor.ts';

const fault = (code: string, of: typeof failing = failing): Fault =>
  of({ code, cause: text(`${code} en`, `${code} zh`), remedy: text('do', '做') });

it('the result of a check is its gravest fault, with the others behind it', () => {
  const finding = { faults: [fault('a', warning), fault('b'), fault('c')], found: 'x' };
  const result = resultOf('redis', finding, 7);
  expect(result).toMatchObject({ name: 'redis', status: 'fail', code: 'b', found: 'x', ms: 7 });
  expect(result.cause).toEqual({ zh: 'b zh', en: 'b en' });
  expect(result.also.map(({ code, status }) => [code, status])).toEqual([
    ['c', 'fail'],
    ['a', 'warn'],
  ]);
});

it('a check that only warns is a warning, and one without a fault is ok', () => {
  expect(resultOf('redis', { faults: [fault('a', warning)], found: null }, 1)).toMatchObject({ status: 'warn' });
  expect(resultOf('redis', { faults: [], found: 'fine' }, 1)).toMatchObject({
    ...{ status: 'ok', code: null, cause: null, remedy: null, command: null, found: 'fine', also: [] },
  });
});

it('a check that could not be judged says why', () => {
  const skipped = { skipped: text('no Redis', '没有 Redis'), remedy: null };
  expect(resultOf('ticket', skipped, 1)).toMatchObject({ status: 'skipped', code: null, cause: skipped.skipped });
});

afterEach(() => {
  vi.useRealTimers();
});

const settings = (checkSettings: DoctorSettings['checkSettings']): DoctorSettings => ({
  ...{ redisUrl: undefined, redisPrefix: 'wx', databaseUrl: undefined, secretsKeys: [], components: [], dataDir: '/' },
  ...{ componentFaults: [], wechat: { apiBases: [] }, publicUrl: undefined, checkSettings },
  ...{ typed: (command) => command, openQueues: () => [] },
});

it('a check that never ends has failed after five seconds, and the examination ends', async () => {
  vi.useFakeTimers();
  const running = runDoctor(
    settings(() => new Promise(() => {})),
    ['settings'],
  );
  await vi.advanceTimersByTimeAsync(5_100);
  expect(await running).toMatchObject([{ name: 'settings', status: 'fail', code: 'timed_out' }]);
});

it('a check that breaks is a fault of its own, without the text of its error', async () => {
  const broken = Object.assign(new Error("select 'a secret'"), { code: 'ER_PARSE_ERROR' });
  const [result] = await runDoctor(
    settings(() => Promise.reject(broken)),
    ['settings'],
  );
  expect(result).toMatchObject({ status: 'fail', code: 'check_failed' });
  expect(result?.cause?.en).toContain('ER_PARSE_ERROR');
  expect(JSON.stringify(result)).not.toContain('secret');
});
