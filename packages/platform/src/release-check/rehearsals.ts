import { randomBytes } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import type { Components } from '../component/components.ts';
import { liveProcesses } from '../deployment/live-processes.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import { type ConsoleSetting, consoleSettings } from './console-settings.ts';
import type { RehearsalPayload } from './rehearsal-job.ts';
import { endIfSilent, withoutWorker } from './rehearsal-log.ts';
import type { ReleaseCheck } from './release-check.ts';
import type { ReleaseCheckStore } from './release-check-store.ts';

/** Between the reading of running rehearsals and the insertion of a new one. */
const CLAIM_MS = 5_000;

export interface RehearsalsOptions {
  readonly redis: RedisClient;
  readonly components: Components;
  readonly store: ReleaseCheckStore;
  readonly queue: OpenQueue<RehearsalPayload>;
}

/** Rehearsals of the release check, as the gateway sees them: a worker runs them. */
export class Rehearsals {
  readonly #deps: RehearsalsOptions;

  constructor(options: RehearsalsOptions) {
    this.#deps = options;
  }

  /** Throws Failure `unknown_component`, `rehearsal_running`. `publicUrl`: where WeChat would push. */
  async start(component: string, publicUrl: string): Promise<ReleaseCheck> {
    const { redis, components } = this.#deps;
    const { appid } = components.get(component);
    const claim = redis.keyspace.rehearsalClaim(appid);
    if ((await redis.set(claim, '1', 'PX', CLAIM_MS, 'NX')) === null) throw alreadyRunning();
    try {
      return await this.#start(appid, publicUrl);
    } finally {
      await redis.del(claim);
    }
  }

  async #start(component: string, publicUrl: string): Promise<ReleaseCheck> {
    const { redis, store, queue } = this.#deps;
    const running = await store.running(component);
    if (running.some((check) => check.kind === 'rehearsal' && !endIfSilent(check))) throw alreadyRunning();
    const startedAt = new Date();
    // Also part of an openid, in which WeChat has letters and digits.
    const id = `rc_${randomBytes(10).toString('hex')}`;
    const hasWorker = (await liveProcesses(redis)).some(({ roles }) => roles.includes('worker'));
    const log = hasWorker
      ? ({ state: 'running', reports: [], finishedAt: null } as const)
      : withoutWorker({ reports: [] }, startedAt);
    await store.insert({ id, component, kind: 'rehearsal', appid: null, startedAt, ...log });
    if (hasWorker) await queue.add({ id, component, publicUrl });
    return (await store.find(id))!;
  }

  /** What a rehearsal cannot examine, since only WeChat's console shows it. Throws Failure `unknown_component`. */
  consoleSettings(component: string, publicUrl: string): readonly ConsoleSetting[] {
    return consoleSettings(this.#deps.components.get(component), publicUrl);
  }
}

function alreadyRunning(): Failure {
  return new Failure('rehearsal_running', 'retry', 'A rehearsal of this component is running; read its result.');
}
