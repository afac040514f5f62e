import { askJson, until } from './http.ts';

const READY_TIMEOUT_MS = 60_000;
const ACTIVE_TIMEOUT_MS = 60_000;

export interface DemoAccounts {
  readonly gatewayUrl: string;
  readonly simulatorUrl: string;
  readonly apiKey: string;
  readonly accounts: readonly { readonly appid: string; readonly kind: string }[];
  /** The folder that the message of a timeout names. */
  readonly logs: string;
}

/** Makes every demo account consent, and waits until calls on behalf of each succeed. */
export async function authorizeDemoAccounts({
  gatewayUrl,
  simulatorUrl,
  apiKey,
  accounts,
  logs,
}: DemoAccounts): Promise<void> {
  await until(async () => fieldOf(await ask('/v1/status'), 'ready') === true, {
    timeoutMs: READY_TIMEOUT_MS,
    otherwise: `The demo did not become ready; the logs in ${logs} contain the reason.`,
  });
  for (const { appid } of accounts) {
    await askJson(`${simulatorUrl}/_control/authorize`, { method: 'POST', body: { appid } });
  }
  // The simulator loses its grants when it stops, so the state `active` may be from before. A successful call proves the
  // consent.
  for (const { appid, kind } of accounts) {
    await until(async () => (await isActive(appid)) && (await canCall(appid, kind)), {
      timeoutMs: ACTIVE_TIMEOUT_MS,
      otherwise: `The demo account ${appid} did not become active; the logs in ${logs} contain the reason.`,
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

/** The call in the last line of the demo's output. */
export const listFollowers = { method: 'GET', path: '/cgi-bin/user/get' };

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
