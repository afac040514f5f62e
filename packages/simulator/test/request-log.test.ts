import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { MINI, OFFICIAL, type OpenSimulator, openSimulator, until } from './open-simulator.ts';

const SEND = '/cgi-bin/message/custom/send';

test('every request is logged with path, account, hash of the body and answer', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const { openids } = await p.control(`GET /followers?appid=${OFFICIAL}&limit=1`);
  const text = JSON.stringify({ touser: openids[0], msgtype: 'text', text: { content: 'hello' } });
  await p.post(SEND, { access_token: access }, text);
  await p.post(SEND, { access_token: 'unknown' }, text);
  await p.control('POST /fail', { path: SEND, how: 'reset', at: 'after' });
  await p.post(SEND, { access_token: access }, text).catch(() => {});
  const sent = (await logOf(p)).filter(({ path }) => path === SEND);
  expect(sent.map(({ kind, method, account, bodyHash, answer }) => [kind, method, account, bodyHash, answer])).toEqual([
    ['request', 'POST', OFFICIAL, hash('sha256', text), 0],
    ['request', 'POST', null, hash('sha256', text), 40001],
    ['request', 'POST', OFFICIAL, hash('sha256', text), 'reset'],
  ]);
  for (const { at, answeredAt, connected } of sent) {
    expect(answeredAt).toBeGreaterThanOrEqual(at);
    expect(connected).toBe(true);
  }
});

test('an answer for which no connection is open any more is logged as such', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const path = '/cgi-bin/user/get';
  const unrelated = (await logOf(p)).length;
  // The simulator may see the end of a connection after the end of a short delay; the next one is longer.
  let ms = 50;
  const abandoned = async () => {
    const seen = (await logOf(p)).length;
    await p.control('POST /delay', { path, ms, count: 1 });
    ms *= 2;
    const aborting = new AbortController();
    const url = `${p.simulator.url}${path}?access_token=${access}`;
    const asked = fetch(url, { signal: aborting.signal }).catch(() => {});
    const arrived = async () => (await p.control('GET /counters')).requests[`GET ${path}`] === seen - unrelated + 1;
    await until(arrived);
    aborting.abort();
    await asked;
    const entry = await until(async () => (await logOf(p))[seen]);
    return entry.connected === false && entry;
  };
  expect(await until(abandoned)).toMatchObject({ path, answer: 0 });
});

test('each delivery of a push is logged with its answer, and entries that were read can be omitted', async () => {
  const p = await openSimulator();
  const before = (await logOf(p)).at(-1)?.seq ?? 0;
  const { msgId } = await p.control('POST /push', { appid: MINI, url: 'messages', fields: { Content: 'hi' } });
  const pushed = await logOf(p, before);
  expect(pushed).toMatchObject([
    { kind: 'push', path: 'messages', account: MINI, what: 'text', msgId, attempt: 1, answer: 200, accepted: true },
  ]);
  expect(await logOf(p, pushed[0]!.seq)).toEqual([]);
});

interface Entry {
  readonly seq: number;
  readonly [field: string]: unknown;
}

async function logOf(p: OpenSimulator, after = 0): Promise<(Entry & Record<'at' | 'answeredAt', number>)[]> {
  const response = await fetch(`${p.simulator.url}/_control/log?after=${after}`);
  expect(response.headers.get('content-type')).toContain('application/x-ndjson');
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Entry & Record<'at' | 'answeredAt', number>);
}
