import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CallJob } from '../packages/platform/src/call/call-job.ts';
import { liveProcesses } from '../packages/platform/src/deployment/live-processes.ts';
import { openQueue } from '../packages/platform/src/queue/queues.ts';
import type { RedisClient } from '../packages/platform/src/redis/connect.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { queueCounts } from './support/queue-counts.ts';
import { until } from './support/until.ts';

const FOLLOWERS = { method: 'GET', path: '/cgi-bin/user/get' };

let deployment: Deployment;
let redis: RedisClient;
let otherDatabase: { DATABASE_URL: string };
beforeAll(async () => {
  deployment = await Deployment.open();
  redis = deployment.redis.client();
  otherDatabase = { DATABASE_URL: `sqlite:${join(deployment.dir, 'other.sqlite')}` };
  await deployment.authorized();
});
afterAll(async () => {
  redis.disconnect();
  await deployment.close();
});

it('a process with another database, or with another key, refuses to start and names the reason', async () => {
  const foreign = deployment.command(['worker'], otherDatabase);
  const wrongKey = deployment.command(['worker'], { SECRETS_KEY: Buffer.alloc(32, 7).toString('base64') });
  expect(await foreign.ended()).toBe(1);
  expect(foreign.output).toMatch(/belongs to another deployment.*identity.*REDIS_PREFIX.*adopt-redis/);
  expect(await wrongKey.ended()).toBe(1);
  expect(wrongKey.output).toMatch(/No key in SECRETS_KEY belongs to the deployment/);
});

it('another deployment works in the same Redis database under its own prefix, and takes none of the jobs', async () => {
  const second = deployment.command(['worker'], { ...otherDatabase, REDIS_PREFIX: 'second' });
  try {
    await second.says('worker ready');
    const calls = await Promise.all(Array.from({ length: 20 }, () => deployment.call(SERVICE_ACCOUNT, FOLLOWERS)));
    for (const { body } of calls) expect(body.state).toBe('completed');
    expect(second.lines().filter(({ msg }) => msg === 'call')).toEqual([]);
    const prefixes = (await redis.keys('*')).map((key) => /^\{?([^:]*):/.exec(key)?.[1]);
    expect(new Set(prefixes)).toEqual(new Set(['wx', 'second']));
  } finally {
    await second.shutDown();
  }
});

it('a job of a version that this one does not know is delayed, not failed', async () => {
  const before = await queueCounts(redis, 'calls');
  const connection = deployment.redis.client();
  const { queue } = openQueue(CallJob, connection);
  try {
    await queue.add('calls', { id: 'a.b.c', format: 2 }, { jobId: 'newer-format' });
    await queue.add('calls', { ids: ['a.b.c'] }, { jobId: 'newer-payload' });
    await queue.add('calls-in-order', { id: 'a.b.c' }, { jobId: 'newer-name' });
    await until(
      'all three are delayed',
      async () => (await queueCounts(redis, 'calls')).delayed === before.delayed + 3,
    );
    for (const id of ['newer-format', 'newer-payload', 'newer-name']) {
      const job = await queue.getJob(id);
      expect(job?.delay).toBeGreaterThan(29_000);
      await job?.remove();
    }
    expect((await queueCounts(redis, 'calls')).failed).toBe(before.failed);
  } finally {
    await queue.close();
    connection.disconnect();
  }
});

it('an emptied Redis gets its mark again', async () => {
  const markKey = redis.keyspace.deployment;
  // The time changes.
  const read = async () => ({ ...(await redis.hgetall(markKey)), time: undefined });
  const mark = await read();
  const id = await redis.hget(markKey, 'id');
  await deployment.redis.flush();
  await until('it is marked', async () => (await redis.hget(markKey, 'id')) === id);
  expect(await read()).toEqual(mark);
  await until('calls work', async () => (await deployment.call(SERVICE_ACCOUNT, FOLLOWERS)).body.state === 'completed');
});

it('while Redis carries another deployment’s mark nothing is taken in, no job is taken, and an operator is alarmed', async () => {
  const markKey = redis.keyspace.deployment;
  const own = await redis.hget(markKey, 'id');
  const processes = [deployment.gateways[0]!, deployment.workers[0]!];
  const stopped = (line: Record<string, unknown>) => line.code === 'foreign_redis' && line.level === 50;
  const before = await queueCounts(redis, 'calls');
  await redis.hset(markKey, 'id', 'another');
  await until('all have noticed', () => processes.every((process) => process.lines().some(stopped)));

  const connection = deployment.redis.client();
  const { queue } = openQueue(CallJob, connection);
  await queue.add('calls', { id: 'of.another.deployment' });
  await queue.close();
  connection.disconnect();

  const headers = { authorization: `Bearer ${deployment.apiKey}`, 'content-type': 'application/json' };
  const body = JSON.stringify(FOLLOWERS);
  const call = await fetch(`${deployment.gatewayUrl()}/v1/authorizers/${SERVICE_ACCOUNT}/calls`, {
    method: 'POST',
    headers,
    body,
  });
  expect(call.status).toBe(503);
  expect(await call.json()).toMatchObject({ code: 'foreign_redis', remedy: 'operator' });
  expect((await fetch(`${deployment.gatewayUrl()}/readyz`)).status).toBe(503);
  const { deliveries } = await deployment.wechat.control<{ deliveries: { status: number }[] }>('POST', '/push', {
    appid: SERVICE_ACCOUNT,
    url: 'messages',
    fields: { MsgType: 'text', Content: 'while Redis is not ours' },
  });
  expect(deliveries.map(({ status }) => status)).toContain(503);
  expect(deliveries.map(({ status }) => status)).not.toContain(200);
  // No worker of ours does a job of the other deployment; one that was fetched while the worker paused is delayed.
  const { failed } = await until('the job is in the queue', async () => {
    const counts = await queueCounts(redis, 'calls');
    return counts.waiting + counts.delayed - before.delayed === 1 && counts;
  });
  expect(failed).toBe(before.failed);

  await redis.hset(markKey, 'id', own!);
  await until('calls work', async () => {
    const again = await fetch(`${deployment.gatewayUrl()}/v1/authorizers/${SERVICE_ACCOUNT}/calls`, {
      method: 'POST',
      headers,
      body,
    });
    return again.status === 200 && ((await again.json()) as { state: string }).state === 'completed';
  });
});

it('adopt-redis makes the Redis that of a new database, after it has explained what it does', async () => {
  const early = deployment.command(['adopt-redis', '--yes'], otherDatabase);
  expect(await early.ended()).toBe(1);
  expect(early.output).toContain('processes use this Redis now');
  await Promise.all([...deployment.gateways, ...deployment.workers].map((process) => process.shutDown()));

  await until('no heartbeat is fresh', async () => (await liveProcesses(redis)).length === 0);

  const asked = deployment.command(['adopt-redis'], otherDatabase);
  expect(await asked.ended()).toBe(1);
  expect(asked.output).toMatch(/belongs to another deployment and has \d+ keys. With --yes/);
  const done = deployment.command(['adopt-redis', '--yes'], otherDatabase);
  expect(await done.ended()).toBe(0);
  const worker = deployment.startWorker(otherDatabase);
  await worker.says('worker ready');
});
