import { askJson, until } from './http.ts';

const READY_TIMEOUT_MS = 60_000;
const ACTIVE_TIMEOUT_MS = 60_000;

export interface DemoAccounts {
  readonly gatewayUrl: string;
  readonly simulatorUrl: string;
  readonly apiKey: string;
  readonly accounts: readonly { readonly appid: string; readonly kind: string }[];
  /** For the sentence that says where to look when it takes too long. */
  readonly logs: string;
}

/** Has every demo account consent, and waits until one can call WeChat on behalf of each. */
export async function authorizeDemoAccounts({
  gatewayUrl,
  simulatorUrl,
  apiKey,
  accounts,
  logs,
}: DemoAccounts): Promise<void> {
  await until(async () => fieldOf(await ask('/v1/status'), 'ready') === true, {
    withinMs: READY_TIMEOUT_MS,
    otherwise: `The demo did not become ready; the logs in ${logs} say why.`,
  });
  for (const { appid } of accounts) {
    await askJson(`${simulatorUrl}/_control/authorize`, { method: 'POST', body: { appid } });
  }
  // The simulator forgets its grants when it stops, so an account that was active before is no sign yet. A call that
  // comes back right is one.
  for (const { appid, kind } of accounts) {
    await until(async () => (await isActive(appid)) && (await canCall(appid, kind)), {
      withinMs: ACTIVE_TIMEOUT_MS,
      otherwise: `The demo account ${appid} did not become active; the logs in ${logs} say why.`,
    });
  }

  async function ask(path: string): Promise<unknown> {
    return (await askJson(`${gatewayUrl}${path}`, { key: apiKey })).body;
  }

  async function isActive(appid: string): Promise<boolean> {
    return fieldOf(await ask(`/v1/authorizers/${appid}`), 'state') === 'active';
  }

  async function canCall(appid: string, kind: string): Promise<boolean> {
    if (kind !== 'official-account') return true;
    const { body } = await askJson(`${gatewayUrl}/v1/authorizers/${appid}/calls`, {
      method: 'POST',
      key: apiKey,
      body: listFollowers,
    });
    const answer = fieldOf(fieldOf(body, 'response'), 'body');
    return fieldOf(answer, 'data') !== undefined;
  }
}

/** The call that the demo's last line shows. */
export const listFollowers = { method: 'GET', path: '/cgi-bin/user/get' };

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
