import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import type { Command } from '../command.ts';
import { readArguments } from '../read-arguments.ts';
import { consoleLines, type ShownCheck, stepLines } from '../rehearsal/print-check.ts';
import { type GatewayClient, gatewayOf } from '../sync/gateway-of.ts';

const POLL_INTERVAL_MS = 500;

/** Rehearses WeChat's release check and prints its steps. Exit code 1: a step failed. */
export const releaseRehearsal: Command = async ({ env, args, shutdown }) => {
  const { values } = readArguments(args, { component: { type: 'string' } }, 0);
  const gateway = gatewayOf(env);
  const component = values.component ?? (await shutdown.unlessReceived(onlyComponent(gateway)));
  const started = await shutdown.unlessReceived(
    gateway.ask<ShownCheck>('POST', `/v1/components/${encodeURIComponent(component)}/release-rehearsals`, {}),
  );
  console.log(`Rehearsal ${started.body.id} of ${component}`);
  let check = started.body;
  let printed = 0;
  for (;;) {
    for (const step of check.steps.slice(printed)) console.log(stepLines(step).join('\n'));
    printed = check.steps.length;
    if (check.state !== 'running') break;
    await shutdown.unlessReceived(pause(POLL_INTERVAL_MS));
    const { body } = await shutdown.unlessReceived(gateway.ask<ShownCheck>('GET', `/v1/release-checks/${check.id}`));
    check = body;
  }
  const passed = check.state === 'passed';
  console.log(passed ? 'Every step that could be tried is ok.' : 'The rehearsal failed.');
  for (const line of consoleLines(check.console)) console.log(line);
  return passed ? 0 : 1;
};

async function onlyComponent(gateway: GatewayClient): Promise<string> {
  const { body } = await gateway.ask<{ components: readonly { appid: string }[] }>('GET', '/v1/status');
  const [first, ...others] = body.components;
  if (first && others.length === 0) return first.appid;
  const appids = body.components.map(({ appid }) => appid).join(', ');
  throw new Failure('ambiguous_component', 'fix-request', `Choose a component with --component (one of ${appids}).`);
}
