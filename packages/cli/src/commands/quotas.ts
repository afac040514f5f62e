import type { Command } from '../command.ts';
import { quotaTable, type ShownQuota } from '../quotas/quota-table.ts';
import { readArguments } from '../read-arguments.ts';
import { gatewayOf } from '../sync/gateway-of.ts';

/** What an account, or a component itself, has used today. */
export const quotas: Command = async ({ env, args, shutdown }) => {
  const { values, positionals } = readArguments(args, { component: { type: 'string' } }, 1);
  const appid = positionals[0]!;
  const { component } = values;
  const gateway = gatewayOf(env);
  const resource = component === appid ? 'components' : 'authorizers';
  const query = new URLSearchParams(component === undefined || component === appid ? {} : { component });
  const found: ShownQuota[] = [];
  for (let next: string | null = ''; next !== null; ) {
    if (next !== '') query.set('cursor', next);
    const path = `/v1/${resource}/${encodeURIComponent(appid)}/quotas?${query}`;
    const page: { body: { items: ShownQuota[]; next: string | null } } = await shutdown.unlessReceived(
      gateway.ask('GET', path),
    );
    found.push(...page.body.items);
    next = page.body.next;
  }
  console.log(found.length === 0 ? `${appid} has used nothing today.` : quotaTable(found));
  return 0;
};
