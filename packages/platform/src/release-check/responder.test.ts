import { openEnvelope, readEncodingAesKey, readPush, readXml, TEST_ACCOUNTS } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { hashOfCode } from '../consent/code-ties.ts';
import { readEntry, type StepEntry } from '../journal/stream-entry.ts';
import { type OpenQueue, openQueue } from '../queue/queues.ts';
import { Seals } from '../sealing/seals.ts';
import { rehearsalSender } from './answer.ts';
import { ReleaseCheckJob, type ReleaseCheckPayload } from './release-check-job.ts';
import { codePlace, type OpenedPush, ReleaseCheckResponder } from './responder.ts';
import { readStep } from './step-report.ts';

const seals = new Seals([Buffer.alloc(32, 1)]);
const [official, miniProgram] = TEST_ACCOUNTS as [(typeof TEST_ACCOUNTS)[0], (typeof TEST_ACCOUNTS)[0]];
const keys = {
  appid: 'wxc',
  keys: [
    { token: 'newToken', aesKey: readEncodingAesKey('a'.repeat(43)) },
    { token: 'oldToken', aesKey: readEncodingAesKey('b'.repeat(43)) },
  ],
};

let server: TestRedis;
let queue: OpenQueue<ReleaseCheckPayload>;
let responder: ReleaseCheckResponder;
beforeAll(async () => {
  server = await startRedis();
  queue = openQueue(ReleaseCheckJob, server.redis);
  responder = new ReleaseCheckResponder({ redis: server.redis, seals, queue });
});
beforeEach(() => server.redis.flushall());
afterAll(async () => {
  await queue.queue.close();
  await server.stop();
});

const TEXT = 'TESTCOMPONENT_MSG_TYPE_TEXT';
function opened(account: { appid: string; userName: string }, more: string, from = 'oTester'): OpenedPush {
  const xml =
    `<xml><ToUserName>${account.userName}</ToUserName><FromUserName>${from}</FromUserName>` +
    `<CreateTime>1700000000</CreateTime>${more}</xml>`;
  const push = readPush(xml, 'messages');
  return { component: 'wxc', appid: account.appid, push, receivedAt: new Date(), keys, keyIndex: 1, nonce: 'n1' };
}
const text = (content: string) => `<MsgType>text</MsgType><Content><![CDATA[${content}]]></Content>`;

/** What WeChat reads in a sealed reply. */
function replyIn(body: string) {
  const { Encrypt, MsgSignature, TimeStamp, Nonce } = readXml(body) as Record<string, string>;
  const envelope = { encrypt: Encrypt!, msgSignature: MsgSignature!, timestamp: TimeStamp!, nonce: Nonce! };
  const { xml, keyIndex } = openEnvelope(keys, envelope);
  return { fields: readXml(xml), keyIndex, nonce: envelope.nonce };
}
async function steps() {
  const entries = await server.redis.xrange(server.redis.keyspace.pushStream, '-', '+');
  return entries.map(([id, list]) => {
    const { streamId, content } = readEntry(id, list);
    return readStep(streamId, content as StepEntry);
  });
}

it('answers the text with a reply that is sealed with the key that opened the push', async () => {
  const answer = await responder.respond(opened(official, text(TEXT)));
  expect(answer).toMatchObject({ contentType: 'text/xml', isRehearsal: false });
  const { fields, keyIndex, nonce } = replyIn(answer!.body);
  expect({ keyIndex, nonce }).toEqual({ keyIndex: 1, nonce: 'n1' });
  expect(fields).toMatchObject({
    ToUserName: 'oTester',
    FromUserName: official.userName,
    MsgType: 'text',
    Content: `${TEXT}_callback`,
  });
  expect(fields.CreateTime).toMatch(/^\d{10}$/);
  await expect
    .poll(steps)
    .toMatchObject([{ component: 'wxc', appid: official.appid, name: 'text', state: 'ok', got: `${TEXT}_callback` }]);
});

it('answers an event with its name, whatever that contains', async () => {
  const event = '<MsgType>event</MsgType><Event>A]]&gt;B</Event>';
  const { fields } = replyIn((await responder.respond(opened(official, event)))!.body);
  expect(fields.Content).toBe('A]]>Bfrom_callback');
});

it('answers a code with nothing and makes one job of it, which shows neither code nor user', async () => {
  const code = 'queryauthcode@@@secret';
  for (let n = 0; n < 2; n++) {
    const answer = await responder.respond(opened(miniProgram, text(`QUERY_AUTH_CODE:${code}`)));
    expect(answer).toEqual({ isRehearsal: false, contentType: 'text/plain', body: '' });
  }
  const jobs = await queue.queue.getJobs();
  expect(jobs).toHaveLength(1);
  const { id, data } = jobs[0]! as { id?: string; data: ReleaseCheckPayload };
  const codeHash = hashOfCode('wxc', code);
  expect({ id, appid: data.appid, codeHash: data.codeHash }).toEqual({
    id: codeHash,
    appid: miniProgram.appid,
    codeHash,
  });
  expect(JSON.parse(seals.open(data.sealed, codePlace('wxc', codeHash)))).toEqual({ code, openid: 'oTester' });
  await expect.poll(steps).toMatchObject([{ name: 'api_text', state: 'pending' }, { name: 'api_text' }]);
  const stored = await Promise.all(
    (await server.redis.keys('*')).map(async (key) => `${key} ${await server.redis.dump(key)}`),
  );
  expect(stored.join()).not.toMatch(/secret|oTester/);
});

it('does nothing for another account, and reports nothing of a rehearsal', async () => {
  expect(await responder.respond(opened({ appid: 'wxa', userName: 'gh_1' }, text(TEXT)))).toBeUndefined();
  const from = rehearsalSender('rc_1');
  expect(await responder.respond(opened(official, text(TEXT), from))).toMatchObject({ isRehearsal: true });
  await responder.respond(opened(official, text('QUERY_AUTH_CODE:rehearsal@@@x'), from));
  expect((await queue.queue.getJobs()).map(({ data }) => data.rehearsal)).toEqual(['rc_1']);
  expect(await steps()).toEqual([]);
});

it('needs no Redis for text and event; a code without one is refused, so that WeChat delivers it again', async () => {
  const away = server.connect();
  away.disconnect();
  const failing = { ...queue, add: () => Promise.reject(new Error('Redis is away')) };
  const alone = new ReleaseCheckResponder({ redis: away, seals, queue: failing });
  expect(replyIn((await alone.respond(opened(official, text(TEXT))))!.body).fields.Content).toBe(`${TEXT}_callback`);
  const event = opened(official, '<MsgType>event</MsgType><Event>LOCATION</Event>');
  expect(replyIn((await alone.respond(event))!.body).fields.Content).toBe('LOCATIONfrom_callback');
  await expect(alone.respond(opened(official, text('QUERY_AUTH_CODE:c')))).rejects.toThrow('Redis is away');
});
