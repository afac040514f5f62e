import { hasOlder, type LiveAndConnected, readLive, workersAmong } from '../../deployment/older-processes.ts';
import type { OpenQueue } from '../../queue/queues.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { FormerLaneStore } from './former/former-lane-store.ts';
import { hasWaiting, moveToFormer } from './former/move-to-former.ts';
import { LaneBacklog } from './lane-backlog.ts';
import type { LaneFormat } from './lane-format.ts';
import type { LaneOwner } from './lane-owner.ts';
import { LaneStore } from './lane-store.ts';

/** Since this `format`, processes know lanes of parallel calls. */
const PARALLEL_FORMAT = 4;
const FORMAT_TTL_MS = 2_000;
/** After this no process appends any more in a format that is no longer the right one. */
export const FORMAT_SETTLES_MS = FORMAT_TTL_MS + 1_000;
/** Accounts whose calls move to the former format, so that a large deployment neither waits for each nor floods Redis. */
const MAX_MOVED_AT_ONCE = 100;

/** The lanes of all accounts: which have a backlog, in which format calls enter them, and their jobs. */
export class Lanes {
  readonly #redis: RedisClient;
  readonly #queue: OpenQueue<LaneOwner>;
  readonly #backlogs: Readonly<Record<LaneFormat, LaneBacklog>>;
  #format: { readonly is: LaneFormat; readonly readAt: number } | undefined;
  #reading: Promise<LaneFormat> | undefined;

  constructor(redis: RedisClient, queue: OpenQueue<LaneOwner>) {
    this.#redis = redis;
    this.#queue = queue;
    const { lanes, lanesAtRest, formerLanes, formerLanesAtRest } = redis.keyspace;
    const [current, former] = [new LaneStore(redis), new FormerLaneStore(redis)];
    this.#backlogs = {
      current: new LaneBacklog({ redis, lanes, atRest: lanesAtRest, length: (owner) => current.length(owner) }),
      former: new LaneBacklog({
        redis,
        lanes: formerLanes,
        atRest: formerLanesAtRest,
        length: (owner) => former.length(owner),
      }),
    };
  }

  /** The format in which calls are appended: the former one while a process is live that knows no other. */
  async format(): Promise<LaneFormat> {
    const known = this.#format;
    if (known && performance.now() - known.readAt < FORMAT_TTL_MS) return known.is;
    this.#reading ??= this.#refreshFormat().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #refreshFormat(): Promise<LaneFormat> {
    const known = this.#format;
    try {
      this.#format = { is: (await this.#readFormat()) ?? known?.is ?? 'former', readAt: performance.now() };
      return this.#format.is;
    } catch {
      // Redis does not answer: every process serves the former one.
      return known?.is ?? 'former';
    }
  }

  /** Undefined: what was true before still is, since a worker that shuts down may be connected or not. */
  async #readFormat(): Promise<LaneFormat | undefined> {
    const live = await readLive(this.#redis, this.#queue.queue);
    if (hasOlder(live, PARALLEL_FORMAT)) return 'former';
    return hasOlder(remainingOf(live), PARALLEL_FORMAT) ? undefined : 'current';
  }

  /** Before a call is appended. Its order key may bring it into a lane of the current format in any case. */
  async mark(owner: LaneOwner, format: LaneFormat): Promise<void> {
    await this.#backlogs.current.mark(owner);
    if (format === 'former') await this.#backlogs.former.mark(owner);
  }

  /** Requests a batch; if one is running, another one follows it. */
  wake({ component, appid }: LaneOwner): Promise<void> {
    return this.#queue.add({ component, appid });
  }

  sleep(owner: LaneOwner, forMs: number, format: LaneFormat): Promise<void> {
    return this.#backlogs[format].sleep(owner, forMs);
  }

  /** Whether the account may have calls in a lane of the former format, which depart first. */
  hasFormer(owner: LaneOwner): Promise<boolean> {
    return this.#backlogs.former.has(owner);
  }

  /** The lane of this format was found empty. */
  rest(owner: LaneOwner, format: LaneFormat): Promise<void> {
    return this.#backlogs[format].rest(owner);
  }

  /**
   * Processes that know only the former format do not find calls in the other. While one is live, what waits there moves to the
   * former one, so that a version can be taken back.
   */
  async moveForOlder(component: string): Promise<void> {
    if ((await this.format()) === 'current') return;
    const { lanes, lanesAtRest } = this.#redis.keyspace;
    // A call that is appended while its lane is found empty is only in the second set.
    const sets = [lanes(component), lanesAtRest(component)].map((set) => this.#redis.zrange(set, 0, '-1'));
    const appids = [...new Set((await Promise.all(sets)).flat())];
    for (let from = 0; from < appids.length; from += MAX_MOVED_AT_ONCE) {
      const owners = appids.slice(from, from + MAX_MOVED_AT_ONCE).map((appid) => ({ component, appid }));
      await Promise.all(owners.map((owner) => this.#moveForOlder(owner)));
    }
  }

  /** Whether, when those that shut down now have ended, an older process remains, but no worker of this version. */
  async isLastBeforeOlder(): Promise<boolean> {
    const remaining = remainingOf(await readLive(this.#redis, this.#queue.queue));
    if (!hasOlder(remaining, PARALLEL_FORMAT)) return false;
    return !workersAmong(remaining.processes).some(({ format }) => format >= PARALLEL_FORMAT);
  }

  async #moveForOlder(owner: LaneOwner): Promise<void> {
    if (!(await hasWaiting(this.#redis, owner))) return;
    await this.#backlogs.former.mark(owner);
    if (await moveToFormer(this.#redis, owner)) await this.wake(owner);
  }

  /** For maintenance. */
  async wakeDue(component: string): Promise<void> {
    const wake = (owner: LaneOwner) => this.wake(owner);
    await this.moveForOlder(component);
    await this.#backlogs.former.wakeDue(component, wake);
    await this.#backlogs.current.wakeDue(component, wake);
  }
}

/** Without the processes that shut down now. */
function remainingOf(live: LiveAndConnected): LiveAndConnected {
  return { ...live, processes: live.processes.filter(({ closing }) => !closing) };
}
