import type { CallBody, Deployment } from './deployment.ts';
import { SEND_MESSAGE } from './tally.ts';
import { until } from './until.ts';

/** One item of `POST /v1/calls/batch`, with the optional fields of a call. */
export interface BatchedCall {
  readonly appid: string;
  readonly method: string;
  readonly path: string;
  readonly query?: object;
  readonly body?: unknown;
  readonly deadlineAt?: string;
  readonly notBeforeAt?: string;
  readonly orderKey?: string;
  readonly callbackUrl?: string;
}

export interface BatchItem {
  readonly id?: string;
  readonly problem?: { readonly code: string; readonly status: number };
}

export function message(appid: string, touser: string, content: string, more: Partial<BatchedCall> = {}): BatchedCall {
  return { appid, method: 'POST', path: SEND_MESSAGE, body: { touser, msgtype: 'text', text: { content } }, ...more };
}

/** Submits a batch and returns the items; `headers` may carry an idempotency key. */
export async function batch(
  deployment: Deployment,
  calls: readonly BatchedCall[],
  { gateway = 0, headers = {} }: { gateway?: number; headers?: Record<string, string> } = {},
): Promise<{ status: number; items: BatchItem[] }> {
  const response = await fetch(`${deployment.gatewayUrl(gateway)}/v1/calls/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.apiKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ calls }),
  });
  const body = (await response.json()) as { items: BatchItem[] };
  return { status: response.status, items: body.items };
}

/** The ids of a batch whose calls were all accepted. */
export async function batchIds(deployment: Deployment, calls: readonly BatchedCall[]): Promise<string[]> {
  const { items } = await batch(deployment, calls);
  return items.map(({ id, problem }) => {
    if (id === undefined) throw new Error(`refused: ${JSON.stringify(problem)}`);
    return id;
  });
}

export async function find(deployment: Deployment, id: string): Promise<CallBody> {
  return (await deployment.api<CallBody>('GET', `/v1/calls/${id}`)).body;
}

export function allSettled(deployment: Deployment, ids: readonly string[]): Promise<CallBody[]> {
  return until(`${ids.length} calls settle`, async () => {
    // The last one first: lanes have an order.
    const last = await find(deployment, ids.at(-1)!);
    if (!['completed', 'failed', 'cancelled'].includes(last.state)) return false;
    const all: CallBody[] = [];
    for (let i = 0; i < ids.length; i += 50) {
      all.push(...(await Promise.all(ids.slice(i, i + 50).map((id) => find(deployment, id)))));
    }
    return all.every(({ state }) => ['completed', 'failed', 'cancelled'].includes(state)) && all;
  });
}

/** The texts that were sent on behalf of one account, in the order of their arrival. */
export async function sentBy(deployment: Deployment, appid: string): Promise<string[]> {
  return (await deployment.wechat.messages())
    .filter((one) => one.appid === appid)
    .map(({ content }) => (content as { content: string }).content);
}
