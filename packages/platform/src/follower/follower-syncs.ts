import { Failure } from '@wxthirdparty/wechat';
import type { Authorizer } from '../authorizer/authorizer.ts';
import { authorizerOwner } from '../authorizer/authorizer-token.ts';
import type { Authorizers } from '../authorizer/authorizers.ts';
import type { Components } from '../component/components.ts';
import { refuseUnlessReady } from '../component/status.ts';
import type { Page } from '../paging.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Tokens } from '../token/tokens.ts';
import { type FollowerSync, type FollowerSyncState, isOver } from './follower-sync.ts';
import type { FollowerSyncStore, SyncListRequest } from './follower-sync-store.ts';
import type { SyncSchedule, SyncSchedules } from './sync-schedules.ts';

export interface FollowerSyncsOptions {
  readonly redis: RedisClient;
  readonly components: Components;
  readonly authorizers: Authorizers;
  readonly tokens: Tokens;
  readonly store: FollowerSyncStore;
  readonly schedules: SyncSchedules;
  readonly queue: OpenQueue<{ readonly id: string }>;
}

/** The gateway's side of follower syncs: starts, shows, pauses, resumes and cancels them. */
export class FollowerSyncs {
  readonly #deps: FollowerSyncsOptions;

  constructor(deps: FollowerSyncsOptions) {
    this.#deps = deps;
  }

  /** Returns the account's unfinished sync if there is one, instead of starting a second. */
  async start(
    appid: string,
    component: string | undefined,
    details: boolean,
  ): Promise<{ readonly sync: FollowerSync; readonly started: boolean }> {
    const account = await this.#account(appid, component);
    if (!(await this.#deps.tokens.has(authorizerOwner(account.component, account.appid)))) {
      await refuseUnlessReady(this.#deps.redis, account.component);
    }
    const answer = await this.#deps.store.start(account, details);
    await this.#wake(answer.sync);
    return answer;
  }

  /** Throws Failure `unknown_follower_sync`. */
  async find(id: string): Promise<FollowerSync> {
    const sync = await this.#deps.store.find(id);
    if (!sync) throw new Failure('unknown_follower_sync', 'fix-request', 'There is no such follower sync.');
    return sync;
  }

  async list(appid: string, component: string | undefined, limit: number): Promise<FollowerSync[]> {
    return this.#deps.store.list(await this.#deps.authorizers.find(appid, component), limit);
  }

  /** Of all accounts, the newest first. Throws Failure `unknown_component`, `invalid_request`. */
  listAll({
    component,
    ...page
  }: Omit<SyncListRequest, 'components'> & { component?: string | undefined }): Promise<Page<FollowerSync>> {
    return this.#deps.store.listAll({ ...page, components: this.#deps.components.named(component) });
  }

  pause(id: string): Promise<FollowerSync> {
    return this.#steer(id, 'paused', ['queued', 'running']);
  }

  resume(id: string): Promise<FollowerSync> {
    return this.#steer(id, 'queued', ['paused']);
  }

  cancel(id: string): Promise<FollowerSync> {
    return this.#steer(id, 'cancelled', ['queued', 'running', 'paused']);
  }

  async schedule(appid: string, component: string | undefined): Promise<SyncSchedule | undefined> {
    return this.#deps.schedules.find(await this.#deps.authorizers.find(appid, component));
  }

  /** `at`: `HH:MM`, Beijing time. */
  async setSchedule(
    appid: string,
    component: string | undefined,
    input: { readonly at: string; readonly details: boolean },
  ): Promise<SyncSchedule> {
    return this.#deps.schedules.set(await this.#account(appid, component), input);
  }

  async dropSchedule(appid: string, component: string | undefined): Promise<void> {
    await this.#deps.schedules.drop(await this.#deps.authorizers.find(appid, component));
  }

  async #account(appid: string, component: string | undefined): Promise<Authorizer> {
    const account = await this.#deps.authorizers.findActive(appid, component);
    if (account.kind === 'mini-program') {
      throw new Failure(
        'no_followers',
        'fix-request',
        `Account ${account.appid} is a mini program; it has no followers.`,
      );
    }
    return account;
  }

  async #steer(
    id: string,
    to: 'paused' | 'queued' | 'cancelled',
    from: readonly FollowerSyncState[],
  ): Promise<FollowerSync> {
    await this.#deps.store.steer(id, to, from);
    const sync = await this.find(id);
    if (isOver(sync.state) && sync.state !== to) {
      throw new Failure('follower_sync_over', 'fix-request', `The follower sync is ${sync.state} already.`);
    }
    if (to === 'queued') await this.#wake(sync);
    return sync;
  }

  /** The sync is stored already; maintenance adds a job that was lost. */
  async #wake({ id, state }: FollowerSync): Promise<void> {
    if (state === 'queued') await this.#deps.queue.add({ id }).catch(() => {});
  }
}
