import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { until } from './support/until.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.open({ nodes: 1 });
  await deployment.authorized();
  expect(await deployment.gateways[0]!.shutDown()).toBe(0);
});
afterAll(() => deployment?.close());

it.runIf(existsSync('/dev/full'))('a full disk neither kills nor hangs a node that logs to it', async () => {
  const node = deployment.startNode(0, {}, '/dev/full');
  await answersMany();
  expect(node.running).toBe(true);
  expect(await node.shutDown()).toBe(0);
});

it('a reader that has stopped neither hangs a node that logs to it nor keeps it from ending', async () => {
  const pipe = join(deployment.dir, 'log.pipe');
  execFileSync('mkfifo', [pipe]);
  const opening = open(pipe, 'r');
  const node = deployment.startNode(0, {}, pipe);
  const reader = await opening;
  await answersMany();
  expect(await node.shutDown()).toBe(0);
  await reader.close();
});

/** Enough requests that their log lines fill a pipe several times. */
async function answersMany(): Promise<void> {
  const readyz = async () => (await fetch(`${deployment.gatewayUrl()}/readyz`)).status === 200;
  await until('the node is ready', readyz);
  for (let round = 0; round < 12; round++) {
    const calls = Array.from({ length: 50 }, () => deployment.api('GET', `/v1/authorizers/${SERVICE_ACCOUNT}`));
    const statuses = await Promise.all(calls.map(async (call) => (await call).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
  expect((await fetch(`${deployment.gatewayUrl()}/healthz`)).status).toBe(200);
}
