import { Failure, refusal, TransportFailure } from '@wxthirdparty/wechat';
import { expect, it } from 'vitest';
import { classOf, isTransient, retryAfterMs } from './refresh-failure.ts';

const MINUTE_MS = 60_000;
const answered = (errcode: number) => refusal({ errcode, errmsg: '' }, 'fetching a token');

it.each([
  ['the address is not on the list', 61004, 'host'],
  ['the address is not on the list, in other words', 40164, 'host'],
  ['the minute is used up', 45011, 'minute'],
  ['the day is used up', 45009, 'day'],
  ['WeChat is busy', -1, 'moment'],
  ['the ticket is refused', 61006, 'moment'],
  ['the component token is refused', 40001, 'moment'],
  ['the secret is wrong', 40125, 'owner'],
  ['the component is not one', 61011, 'owner'],
  ['the appid is wrong', 40013, 'owner'],
  ['the API is not granted', 48001, 'owner'],
  ['the account is frozen', 50002, 'owner'],
  ['the consent has ended', 61003, 'owner'],
  ['a number that is not documented', 43, 'owner'],
] as const)('%s (%i): the failure is the %s’s', (_, errcode, expected) => {
  expect(classOf(answered(errcode), true)).toBe(expected);
});

it('takes a missing connection for the host’s failure, and a connection without an answer for the moment’s', () => {
  const unreached = new TransportFailure('wechat_unreachable', 'no', 'ENOTFOUND', { unreached: 'host' });
  const proxy = new TransportFailure('wechat_timeout', 'no', 'proxy', { unreached: 'proxy' });
  const silent = new TransportFailure('wechat_timeout', 'maybe', 'no answer');
  expect([unreached, proxy, silent].map((failure) => classOf(failure, false))).toEqual(['host', 'host', 'moment']);
});

it('takes a forbidden address for this host’s failure only where this run was refused', () => {
  // The component's record may hold what another process met.
  expect(classOf(answered(61004), false)).toBe('owner');
});

it('waits for the next minute after a minute’s limit, and not at the same moment as all others', () => {
  const now = 1_000 * MINUTE_MS + 50_000;
  const wait = (random: number) => retryAfterMs(answered(45011), 'minute', { asked: true, now, random: () => random });
  expect([wait(0), wait(0.5)]).toEqual([10_000, 20_000]);
});

it('waits a minute for what passes, and ten for what an operator has to do', () => {
  const waits = (errcode: number) => {
    const failure = answered(errcode);
    const kind = classOf(failure, true) as 'moment' | 'owner';
    return retryAfterMs(failure, kind, { asked: true, now: 0 });
  };
  expect([-1, 61006, 40125, 50002].map(waits)).toEqual([1, 1, 10, 10].map((minutes) => minutes * MINUTE_MS));
});

it('retries in seconds what may succeed then, and not what takes minutes', () => {
  expect([-1, 61006, 40125, 61004, 45011].map((errcode) => isTransient(answered(errcode)))).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(isTransient(new Failure('wechat_broken_answer', 'retry', 'HTML'))).toBe(true);
});
