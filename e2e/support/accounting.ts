import { expect } from 'vitest';
import type { Child } from './child.ts';
import type { Deployment } from './deployment.ts';
import { arrivals, type Load, settledCall } from './load.ts';

export interface Delivery {
  readonly status: number;
  readonly body: string;
  readonly msgId: string;
}

/** Every call with an id has an outcome; every message that was reported as sent arrived once, and none twice. */
export async function settleAll(deployment: Deployment, load: Load): Promise<Map<string, number>> {
  const outcomes = new Map<string, string>();
  for (const { content, gateway, body } of load.accepted) {
    const { state, failure } =
      body.state === 'completed' || body.state === 'failed' ? body : await settledCall(deployment, body.id!, gateway);
    outcomes.set(content, failure?.code ?? state!);
  }
  const arrived = await arrivals(deployment);
  for (const [content, times] of arrived) expect(times, content).toBe(1);
  for (const { kind, content, body } of load.accepted) {
    const outcome = outcomes.get(content)!;
    // If an outage lasts long, the caller of a call without a record learns nothing better.
    if (kind === 'read' && body.state !== 'failed') expect(outcome).toBe('completed');
    else if (kind === 'read') expect(outcome).toBe('outcome_unknown');
    else if (outcome === 'completed') expect(arrived.get(content), `${content} completed`).toBe(1);
    else expect(outcome).toBe('outcome_unknown');
  }
  return arrived;
}

/** What WeChat was answered when it pushed messages. */
export async function pushDeliveries(deployment: Deployment): Promise<Delivery[]> {
  const answer = await deployment.wechat.control<{ deliveries: (Delivery & { what: string })[] }>(
    'GET',
    '/deliveries?limit=20000',
  );
  return answer.deliveries.filter(({ what }) => what === 'text');
}

/** The pushes that workers have handled, each once, however often. */
export function handledPushes(workers: readonly Child[]): Set<string> {
  const lines = workers.flatMap((worker) => worker.lines());
  const handled = lines.filter(({ msg, push }) => msg === 'push' && push === 'text');
  return new Set(handled.map(({ id, job, receivedAt }) => `${id ?? job} ${receivedAt}`));
}
