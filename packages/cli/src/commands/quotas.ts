import type { Command } from '../command.ts';
import { quotaTable, type ShownQuota } from '../quotas/quota-table.ts';
import { gatewayOf } from '../sync/gateway-of.ts';

const USAGE = 'Usage: npm run wxthirdparty -- quotas APPID [--component=APPID]';

/** What an account, or a component itself, has used today. */
export const quotas: Command = async ({ env, args, leaving }) => {
  const [appid, ...more] = args.filter((arg) => !arg.startsWith('--'));
  const options = args.filter((arg) => arg.startsWith('--'));
  const component = options.find((option) => option.startsWith('--component='))?.slice('--component='.length);
  if (appid === undefined || more.length > 0 || options.length > (component === undefined ? 0 : 1)) {
    console.error(USAGE);
    return 2;
  }
  const gateway = gatewayOf(env);
  const whose = component === appid ? 'components' : 'authorizers';
  const query = new URLSearchParams(component === undefined || component === appid ? {} : { component });
  const found: ShownQuota[] = [];
  for (let next: string | null = ''; next !== null; ) {
    if (next !== '') query.set('cursor', next);
    const path = `/v1/${whose}/${encodeURIComponent(appid)}/quotas?${query}`;
    const page: { body: { items: ShownQuota[]; next: string | null } } = await leaving.unlessLeft(
      gateway.ask('GET', path),
    );
    found.push(...page.body.items);
    next = page.body.next;
  }
  console.log(found.length === 0 ? `${appid} has used nothing today.` : quotaTable(found));
  return 0;
};
