import { readFile } from 'node:fs/promises';
import type { NodeHost } from './hosts.ts';

/** What one kind of caller does, four times a second on each host. */
export const STREAMS = {
  /** An interactive call that may be repeated. */
  read: { background: false },
  /** An interactive call that must not be sent twice. */
  send: { background: false },
  background: { background: true },
  /** The same with an order key: the callers of all hosts share two keys. */
  ordered: { background: true },
  /** In the background, and sent only once a replica has received its claim. */
  durable: { background: true },
} as const;
export type Stream = keyof typeof STREAMS;

/** One request of a caller and its answer. Times are Unix milliseconds of one clock. */
export interface CallLine {
  readonly kind: 'call';
  readonly host: NodeHost;
  readonly stream: Stream;
  readonly startedAt: number;
  readonly answeredAt: number;
  /** 0: no answer; the connection broke, or the caller gave up. */
  readonly status: number;
  readonly id: string | null;
  readonly state: string | null;
  /** The code of the problem or of the call's failure. */
  readonly code: string | null;
  /** Of WeChat's answer. */
  readonly errcode: number | null;
  /** SHA-256 of the body as WeChat receives it; null for a read. */
  readonly bodyHash: string | null;
  readonly orderKey: string | null;
}

/** The final answer about a call that was answered 202; `state` is null if it was unknown or did not settle. */
export interface SettledLine {
  readonly kind: 'settled';
  readonly id: string;
  readonly at: number;
  readonly state: string | null;
  readonly code: string | null;
  readonly errcode: number | null;
}

/** A push that the business program received. */
export interface DeliveryLine {
  readonly kind: 'delivery';
  readonly at: number;
  /** The same in all attempts and replays of one delivery. */
  readonly webhookId: string;
  readonly msgId: string;
}

/** A request to WeChat, from the simulator's log. */
export interface RequestLine {
  readonly kind: 'request';
  readonly at: number;
  readonly answeredAt: number;
  readonly method: string;
  readonly path: string;
  readonly bodyHash: string | null;
  readonly answer: number | string;
  readonly connected: boolean;
  /** The IP address that sent it. */
  readonly from: string;
}

/** One delivery of a push by WeChat, from the simulator's log. */
export interface PushLine {
  readonly kind: 'push';
  readonly at: number;
  readonly answeredAt: number;
  readonly what: string;
  readonly msgId: string | null;
  readonly attempt: number;
  readonly answer: number;
  readonly accepted: boolean;
}

/** An answer of `/readyz` that the balancer received. */
export interface ProbeLine {
  readonly kind: 'probe';
  readonly at: number;
  readonly node: string;
  readonly status: number;
  readonly degraded: readonly string[];
}

type CallerLine = CallLine | SettledLine | DeliveryLine | ProbeLine;
type WeChatLine = RequestLine | PushLine;

/** What the harness did. */
export interface Moments {
  /** The fault began. */
  readonly at: number;
  /** The harness has undone it. */
  readonly healedAt: number;
  /** The hosts whose callers could not reach the others meanwhile. */
  readonly cutHosts: readonly NodeHost[];
  /** Their IP addresses. */
  readonly cutAddresses: readonly string[];
  /** The hosts whose node was killed. */
  readonly killedNodes: readonly NodeHost[];
  /** How often WeChat ended the account's token. */
  readonly expiries: number;
  /** Of a node that was started during the fault. */
  readonly startedNode: { readonly at: number; readonly node: string; readonly firstPushAt: number | null } | null;
}

/** All that the checker may know: WeChat's log, the callers' logs, and what the harness did. */
export interface History {
  readonly callers: readonly CallerLine[];
  readonly wechat: readonly WeChatLine[];
  readonly moments: Moments;
}

export async function readLines<T>(file: string): Promise<T[]> {
  return linesOf<T>(await readFile(file, 'utf8'));
}

export function linesOf<T>(text: string): T[] {
  // The last line of a process that was killed may be incomplete.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
