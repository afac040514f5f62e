import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Child } from './support/child.ts';
import { completed, readSync, type SyncBody } from './support/follower-syncs.ts';
import { House } from './support/house.ts';
import { until } from './support/until.ts';

const MAIN = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));
const ACCOUNT = 'wx00000000000000c3';

let house: House;
const commands: Child[] = [];
beforeAll(async () => {
  house = await House.open({
    accounts: [{ appid: ACCOUNT, kind: 'official-account', nickName: '大号', followers: 12_000 }],
  });
  await house.authorized(ACCOUNT);
});
afterAll(async () => {
  await Promise.all(commands.map((command) => command.running && command.kill()));
  await house?.close();
});

function type(args: readonly string[], env: Record<string, string> = {}): Child {
  const command = new Child('sync', process.execPath, [MAIN, 'sync', ...args], {
    PORT: new URL(house.gatewayUrl()).port,
    API_KEY: house.apiKey,
    ...env,
  });
  commands.push(command);
  return command;
}
const ended = (command: Child) => until('the command has ended', () => !command.running);
const newest = async () =>
  (await house.api<{ items: SyncBody[] }>('GET', `/v1/authorizers/${ACCOUNT}/follower-syncs`)).body.items[0]!;

it('shows a sync from its beginning to its end', async () => {
  const command = type([ACCOUNT]);
  await ended(command);
  expect(command.output).toContain(`of ${ACCOUNT} has begun.`);
  expect(command.output).toContain('Done: 12000 followers listed, 12000 with details.');
  // Lines for a file, not a bar for a terminal.
  expect(command.output).not.toContain('\r');
});

it('leaves the sync alone when it is interrupted, and joins it again', async () => {
  await house.wechat.control('POST', '/delay', { path: '/cgi-bin/user/info/batchget', ms: 200 });
  const first = type([ACCOUNT]);
  await first.says('details');
  first.signal('SIGINT');
  await ended(first);
  expect(first.output).toContain('The sync goes on without this terminal.');
  const { id } = await newest();
  expect((await readSync(house, id)).state).toMatch(/queued|running/);

  const second = type([ACCOUNT]);
  await second.says('was running already');
  await house.wechat.control('DELETE', '/faults');
  await completed(house, id);
  await ended(second);
  expect(second.output).toContain('Done: 12000');
});

it('copies no details where none are wanted', async () => {
  const command = type([ACCOUNT, '--no-details']);
  await ended(command);
  expect(command.output).toContain('Done: 12000 followers listed, 0 with details.');
});

it('says what is wrong', async () => {
  const stranger = type(['wx00000000000000ff']);
  const nowhere = type([ACCOUNT], { PORT: '1' });
  const nothing = type([]);
  await Promise.all([stranger, nowhere, nothing].map(ended));
  expect(stranger.output).toContain('The gateway answered 404');
  expect(nowhere.output).toContain('No gateway answers at http://127.0.0.1:1');
  expect(nothing.output).toContain('Usage:');
});
