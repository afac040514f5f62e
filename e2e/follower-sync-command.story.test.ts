import { afterAll, beforeAll, expect, it } from 'vitest';
import { Child } from './support/child.ts';
import { Deployment } from './support/deployment.ts';
import { completed, readSync, type SyncBody } from './support/follower-syncs.ts';
import { MAIN } from './support/program.ts';
import { until } from './support/until.ts';

const ACCOUNT = 'wx00000000000000c3';

let deployment: Deployment;
const commands: Child[] = [];
beforeAll(async () => {
  deployment = await Deployment.open({
    accounts: [{ appid: ACCOUNT, kind: 'official-account', nickName: '大号', followers: 12_000 }],
  });
  await deployment.authorized(ACCOUNT);
});
afterAll(async () => {
  await Promise.all(commands.map((command) => command.running && command.kill()));
  await deployment?.close();
});

function run(args: readonly string[], env: Record<string, string> = {}): Child {
  const command = new Child('sync', process.execPath, [MAIN, 'sync', ...args], {
    PORT: new URL(deployment.gatewayUrl()).port,
    API_KEY: deployment.apiKey,
    ...env,
  });
  commands.push(command);
  return command;
}
const ended = (command: Child) => until('the command has ended', () => !command.running);
const newest = async () =>
  (await deployment.api<{ items: SyncBody[] }>('GET', `/v1/authorizers/${ACCOUNT}/follower-syncs`)).body.items[0]!;

it('shows the progress of a sync until it is finished', async () => {
  const command = run([ACCOUNT]);
  await ended(command);
  expect(command.output).toContain(`of ${ACCOUNT} was started.`);
  expect(command.output).toContain('Done: 12000 followers listed, 12000 with details.');
  // Lines for a file, not a bar for a terminal.
  expect(command.output).not.toContain('\r');
});

it('does not stop the sync when it is interrupted, and joins it when it is started again', async () => {
  // It cannot end before the second command has joined it.
  await deployment.wechat.control('POST', '/delay', { path: '/cgi-bin/user/info/batchget', ms: 600_000 });
  const first = run([ACCOUNT]);
  await first.says('details');
  first.signal('SIGINT');
  await ended(first);
  expect(first.output).toContain('The sync continues in the background.');
  const { id } = await newest();
  expect((await readSync(deployment, id)).state).toMatch(/queued|running/);

  const second = run([ACCOUNT]);
  await second.says('was already running');
  await deployment.wechat.control('DELETE', '/faults');
  await deployment.wechat.control('POST', '/release');
  await completed(deployment, id);
  await ended(second);
  expect(second.output).toContain('Done: 12000');
});

it('copies no details with --no-details', async () => {
  const command = run([ACCOUNT, '--no-details', '--component', deployment.component.appid]);
  await ended(command);
  expect(command.output).toContain('Done: 12000 followers listed, 0 with details.');
});

it('reports an unknown account, an unreachable gateway and missing arguments', async () => {
  const stranger = run(['wx00000000000000ff']);
  const nowhere = run([ACCOUNT], { PORT: '1' });
  const nothing = run([]);
  await Promise.all([stranger, nowhere, nothing].map(ended));
  expect(stranger.output).toContain('The gateway answered 404');
  expect(nowhere.output).toContain('No gateway answers at http://127.0.0.1:1');
  expect(nothing.output).toContain('Usage:');
});
