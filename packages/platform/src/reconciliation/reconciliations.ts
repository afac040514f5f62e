import { setTimeout as pause } from 'node:timers/promises';
import { type AuthorizerListPage, type ComponentApi, Failure, UnreadableAnswer } from '@wxthirdparty/wechat';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import type { GrantStore } from '../authorizer/grant-store.ts';
import type { ProfileOutcome, Profiles } from '../authorizer/profiles.ts';
import type { Components } from '../component/components.ts';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import { inTransaction } from '../database/transaction.ts';
import type { Events } from '../events.ts';
import type { Page } from '../paging.ts';
import type { JobDisposition } from '../queue/job.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { Tokens } from '../token/tokens.ts';
import type { ReconcilePayload } from './reconcile-job.ts';
import type {
  ReconcileReason,
  Reconciliation,
  ReconciliationListRequest,
  ReconciliationStore,
  Step,
} from './reconciliation-store.ts';

/** WeChat's maximum (protocol §3.8). */
const PAGE_SIZE = 500;
/** Reading stops here even if the list does not end. */
const MAX_LISTED = 1_000_000;
const MAX_MISSING_AT_ONCE = 100;
const GIVE_UP_AFTER_MS = 24 * 60 * 60_000;
const SILENT_MS = 30_000;
const NOT_READY_RETRY_MS = 2_000;
const QUICK_TRIES = 3;
const ERROR_RETRY_MS = 30_000;

/** Requests reconciliations and reports them; workers run them. */
export class ReconcileRequests {
  readonly #store: ReconciliationStore;
  readonly #components: Components;
  readonly #queue: OpenQueue<ReconcilePayload>;

  constructor(store: ReconciliationStore, components: Components, queue: OpenQueue<ReconcilePayload>) {
    this.#store = store;
    this.#components = components;
    this.#queue = queue;
  }

  /**
   * A new run, or the one in progress. Throws Failure `unknown_component`; `ambiguous_component` if there are several
   * components and none is named.
   */
  async begin(
    component: string | undefined,
    reason: ReconcileReason,
  ): Promise<{ readonly run: Reconciliation; readonly isNew: boolean }> {
    const { run, isNew } = await this.#store.begin(this.#depsne(component), reason);
    await this.#queue.add({ id: run.id });
    return { run, isNew };
  }

  /** Throws Failure `unknown_reconciliation`. */
  async find(id: string): Promise<Reconciliation> {
    const run = await this.#store.find(id);
    if (!run || !this.#components.has(run.component)) {
      throw new Failure('unknown_reconciliation', 'fix-request', 'There is no such reconciliation.');
    }
    return run;
  }

  /** The newest first. Throws Failure `unknown_component`, `invalid_request`. */
  list({
    component,
    ...page
  }: Omit<ReconciliationListRequest, 'components'> & { component?: string | undefined }): Promise<
    Page<Reconciliation>
  > {
    return this.#store.list({ ...page, components: this.#components.named(component) });
  }

  /** Enqueues the job of a run without progress again. */
  async revive(component: string): Promise<boolean> {
    const id = await this.#store.silentFor(component, SILENT_MS);
    if (id === undefined) return false;
    await this.#queue.add({ id });
    return true;
  }

  #depsne(component: string | undefined): string {
    if (component !== undefined) return this.#components.get(component).appid;
    const [first, ...others] = this.#components.all();
    if (first && others.length === 0) return first.appid;
    const among = this.#components.all().map((c) => c.appid);
    throw new Failure(
      'ambiguous_component',
      'fix-request',
      `Say which component with ?component= (one of ${among.join(', ')}).`,
    );
  }
}

export interface ReconcilerOptions {
  readonly sql: Sql;
  readonly api: ComponentApi;
  readonly tokens: Tokens;
  readonly store: ReconciliationStore;
  readonly authorizers: AuthorizerStore;
  readonly profiles: Profiles;
  readonly events: Events;
}

/**
 * Corrects our authorizers by WeChat's own list. Each page is written with its checkpoint in one transaction; one page is
 * in memory at a time.
 */
export class Reconciler {
  readonly #deps: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.#deps = options;
  }

  /** The work of ReconcileJob: goes on from the checkpoint until it is done, aborted, or refused by WeChat. */
  async work(id: string, signal: AbortSignal): Promise<JobDisposition> {
    const startedAt = performance.now();
    const next = await this.#work(id, signal);
    const ms = Math.round(performance.now() - startedAt);
    this.#deps.events.publish('reconciliation', { reconciliation: id, next, ms });
    return next;
  }

  async #work(id: string, signal: AbortSignal): Promise<JobDisposition> {
    const { store } = this.#deps;
    await store.start(id);
    try {
      for (;;) {
        const run = await store.find(id);
        if (run?.state !== 'running') return undefined;
        if (signal.aborted) return { requeue: true };
        await this.#persistently(() => this.#step(run, signal), signal);
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      await store.recordTransientError(id, error.message);
      const run = await store.find(id);
      if (!run || Date.now() - run.createdAt.getTime() > GIVE_UP_AFTER_MS) {
        await store.finish(id, 'failed');
        return undefined;
      }
      if (error.code === 'no_ticket' || error.code === 'token_not_ready') return { delayMs: NOT_READY_RETRY_MS };
      return { delayMs: Math.min(error.retryAfterMs ?? ERROR_RETRY_MS, 10 * ERROR_RETRY_MS) };
    }
  }

  async #step(run: Reconciliation, signal: AbortSignal): Promise<void> {
    if (run.phase === 'listing') await this.#list(run);
    else if (await this.#missing(run, signal)) await this.#deps.store.finish(run.id, 'completed');
  }

  /** An error of a few seconds should not cost half a minute. */
  async #persistently(step: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await step();
      } catch (error) {
        const passing = error instanceof Failure && error.remedy === 'retry' && error.retryAfterMs === undefined;
        if (!passing || tries >= QUICK_TRIES || signal.aborted) throw error;
        await pause(500 * 2 ** (tries - 1), undefined, { signal }).catch(() => {});
      }
    }
  }

  async #list(run: Reconciliation): Promise<void> {
    const { authorizers } = this.#deps;
    let page = await this.#page(run);
    const known = await authorizers.grants.findMany(run.component, appidsOf(page));
    // A grant may have been renewed between WeChat's answer and our reading it; a version that we write over must be one
    // that we read before asking. So ask again. An unknown account is only added if it is still unknown.
    const renewed = page.items.some((item) => known.has(item.appid) && differs(item, known.get(item.appid)));
    if (renewed) page = await this.#page(run);
    await this.#save(run, page, known);
  }

  /**
   * The page at the checkpoint. If WeChat's answer cannot be read, a smaller one, down to the one unreadable entry: that is
   * skipped, and its account is read later with those that the list does not contain.
   */
  async #page(run: Reconciliation): Promise<AuthorizerListPage> {
    for (let count = PAGE_SIZE; ; count = count >> 1) {
      try {
        return await this.#ask(run, run.listOffset, count);
      } catch (error) {
        if (!(error instanceof UnreadableAnswer)) throw error;
        if (count > 1) continue;
        // If the next entry cannot be read either, this entry is not the cause.
        await this.#ask(run, run.listOffset + 1, 1);
        return { total: run.total ?? undefined, length: 1, items: [] };
      }
    }
  }

  #ask(run: Reconciliation, offset: number, count: number): Promise<AuthorizerListPage> {
    return this.#deps.api.getAuthorizerList({ appid: run.component, offset, count });
  }

  async #save(
    run: Reconciliation,
    page: AuthorizerListPage,
    known: Awaited<ReturnType<GrantStore['findMany']>>,
  ): Promise<void> {
    const { sql, store, tokens } = this.#deps;
    const renewed: string[] = [];
    const save = async (transaction: Sql) => {
      renewed.length = 0;
      const grants = this.#deps.authorizers.grants.within(transaction);
      let added = 0;
      let changed = 0;
      const items = new Map(page.items.map((item) => [item.appid, item]));
      const offset = run.listOffset + page.length;
      const over = page.length === 0 || offset >= Math.min(page.total ?? MAX_LISTED, MAX_LISTED);
      for (const item of items.values()) {
        const grant = known.get(item.appid);
        if (!differs(item, grant)) continue;
        const saved = await grants.change(run.component, item.appid, grant?.version, {
          refreshToken: item.refreshToken,
          // Without a refresh token it is unusable until its administrator consents again (protocol §3.8).
          state: item.refreshToken ? 'active' : 'needs-reauthorization',
          ...(grant ? {} : { authorizedAt: item.authorizedAt }),
        });
        if (saved === 'superseded') continue;
        if (grant) changed++;
        else added++;
        if (grant) renewed.push(item.appid);
      }
      await store.markListed(run.component, [...items.keys()], run.startedAt!, transaction);
      const step: Step = {
        phase: over ? 'missing' : 'listing',
        listOffset: offset,
        missingAfter: '',
        ...(page.total === undefined ? {} : { total: page.total }),
        seen: items.size,
        added,
        changed,
      };
      if (!(await store.step(run, step, transaction))) throw new MarkMoved();
    };
    try {
      await repeat(() => inTransaction(sql, save));
    } catch (error) {
      // Another run of this job has written the page.
      if (error instanceof MarkMoved) return;
      throw error;
    }
    // The new refresh token may end the cause of their tokens' backoff.
    for (const appid of renewed) await tokens.store.forgiveAccount(run.component, appid);
  }

  /** True at the end. The list can change while it is paged: only WeChat's answer about each account revokes it. */
  async #missing(run: Reconciliation, signal: AbortSignal): Promise<boolean> {
    const { store } = this.#deps;
    const missing = await store.notListedSince(run.component, run.startedAt!, run.missingAfter, MAX_MISSING_AT_ONCE);
    let revoked = 0;
    let after = run.missingAfter;
    try {
      for (const appid of missing) {
        if (signal.aborted) break;
        if ((await this.#depswnWord(run.component, appid)) === 'revoked') revoked++;
        after = appid;
      }
    } finally {
      if (after !== run.missingAfter) {
        await store.step(run, { phase: 'missing', listOffset: run.listOffset, missingAfter: after, revoked });
      }
    }
    return missing.length < MAX_MISSING_AT_ONCE && !signal.aborted;
  }

  /** WeChat's answer about this account; if it cannot be read twice, the account is skipped. */
  async #depswnWord(component: string, appid: string): Promise<ProfileOutcome | 'unreadable'> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#deps.profiles.read(component, appid);
      } catch (error) {
        if (!(error instanceof UnreadableAnswer)) throw error;
        if (tries === 2) return 'unreadable';
      }
    }
  }
}

class MarkMoved extends Error {}

type Listed = AuthorizerListPage['items'][number];

/** Whether WeChat's list differs from what we know of the account. */
function differs(item: Listed, grant: { refreshToken: string | null; state: string } | undefined): boolean {
  if (!grant) return true;
  // The list contains the accounts that authorize us; it does not report that a refresh token was refused.
  if (!item.refreshToken) return false;
  return grant.state === 'revoked' || grant.refreshToken !== item.refreshToken;
}

function appidsOf(page: AuthorizerListPage): string[] {
  return page.items.map((item) => item.appid);
}
