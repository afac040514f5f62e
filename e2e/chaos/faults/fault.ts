import { setTimeout as pause } from 'node:timers/promises';
import type { Moments } from '../history.ts';
import type { ChaosLoad } from '../load.ts';
import type { Targets } from '../targets.ts';
import { ACCOUNT, type Topology, type TopologyKind } from '../topology.ts';

/** What a fault may use and change. */
export interface Scene {
  readonly topology: Topology;
  readonly load: ChaosLoad;
  /** Repeatable, from 0 to 1. */
  readonly random: () => number;
}

/** One fault: how it is caused and undone under load, and what must hold meanwhile. */
export interface Fault {
  readonly name: string;
  /** One phrase for the report. */
  readonly what: string;
  readonly topology: TopologyKind;
  readonly through: 'own node' | 'balancer';
  /** It cannot be caused on one host. */
  readonly needsNamespaces?: true;
  /** Between the start of the load and its end, on an idle machine. */
  readonly expectedMs: number;
  readonly targets: Targets;
  /** Returns when the fault is undone and the last of its effects can be measured. */
  inject(scene: Scene): Promise<Moments>;
}

const NOTHING: Omit<Moments, 'at' | 'healedAt'> = {
  cutHosts: [],
  cutAddresses: [],
  killedNodes: [],
  expiries: 0,
  startedNode: null,
};

/** A fault that lasts `lastsMs`; then it is undone, and the load goes on for `afterMs`. */
export async function lasting(
  moments: Partial<Moments>,
  { cause, lastsMs, undo, afterMs }: { cause(): unknown; lastsMs: number; undo(): unknown; afterMs: number },
): Promise<Moments> {
  const at = Date.now();
  await cause();
  await pause(Math.max(0, at + lastsMs - Date.now()));
  await undo();
  const healedAt = Date.now();
  await pause(afterMs);
  return { ...NOTHING, ...moments, at, healedAt };
}

const MAX_LEAD_MS = 500;

/** WeChat ends the account's token at most half a second before the fault, so that its refresh meets the fault. */
export async function expireToken({ topology, random }: Scene): Promise<{ expiries: number }> {
  await topology.wechat.control('POST', '/expire', { token: 'authorizer', appid: ACCOUNT, as: 42001 });
  await pause(random() * MAX_LEAD_MS);
  return { expiries: 1 };
}
