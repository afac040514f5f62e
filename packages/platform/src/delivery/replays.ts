import { Failure } from '@wxthirdparty/wechat';
import type { OpenQueue } from '../queue/queues.ts';
import type { Replay, ReplayOnly } from './replay.ts';
import type { ReplayPayload } from './replay-job.ts';
import type { ReplayStore } from './replay-store.ts';

/** Clocks differ. */
const MAX_AHEAD_MS = 60_000;

export interface ReplayInput {
  readonly since: Date;
  /** Null: now. */
  readonly until: Date | null;
  readonly only: ReplayOnly;
}

/** What owners of subscriptions do with replays. */
export class Replays {
  readonly #store: ReplayStore;
  readonly #queue: OpenQueue<ReplayPayload>;

  constructor(store: ReplayStore, queue: OpenQueue<ReplayPayload>) {
    this.#store = store;
    this.#queue = queue;
  }

  /** Throws Failure `invalid_request`. */
  async start(subscription: string, { since, until, only }: ReplayInput): Promise<Replay> {
    const now = Date.now();
    const end = until?.getTime() ?? now;
    if (end > now + MAX_AHEAD_MS) throw invalid('until: must not be in the future');
    if (since.getTime() >= end) throw invalid('since: must be before until');
    const replay = await this.#store.create({ subscription, since: since.getTime(), until: end, only });
    await this.wake(replay.id);
    return replay;
  }

  /** Throws Failure `unknown_replay`. */
  async find(id: string): Promise<Replay> {
    const replay = await this.#store.find(id);
    if (!replay) throw unknownReplay();
    return replay;
  }

  /** Throws Failure `unknown_replay`, or `replay_over` if it has ended. */
  async cancel(id: string): Promise<Replay> {
    const cancelled = await this.#store.cancel(id);
    if (!cancelled) throw unknownReplay();
    if (cancelled.over) throw new Failure('replay_over', 'fix-request', 'The replay has ended.');
    return cancelled.replay;
  }

  /** Has it continued at once; maintenance does it, too. */
  wake(id: string): Promise<void> {
    return this.#queue.add({ id }).catch(() => {});
  }
}

function unknownReplay(): Failure {
  return new Failure('unknown_replay', 'fix-request', 'There is no such replay.');
}

function invalid(detail: string): Failure {
  return new Failure('invalid_request', 'fix-request', detail);
}
