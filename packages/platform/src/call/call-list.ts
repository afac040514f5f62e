import { endpointOf } from '@wxthirdparty/wechat';
import type { Ledger } from '../quota/ledger.ts';
import type { Usage } from '../quota/usage.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { CallState, CallSummary } from './call.ts';
import type { CallAccounts } from './call-accounts.ts';
import { CallIndex, readPlace, writePlace } from './call-index.ts';
import type { CallStore } from './call-store.ts';
import { isParked } from './parked.ts';

/** Records read for one page, whether they match or not. */
const MAX_READ = 2_000;
const BATCH = 200;

export interface CallFilter {
  readonly appid: string;
  readonly component?: string | undefined;
  readonly state?: CallState | undefined;
  readonly path?: string | undefined;
  /** Of WeChat's answer. */
  readonly errcode?: number | undefined;
  /** The code of the failure. */
  readonly code?: string | undefined;
  readonly keyId?: string | undefined;
  /** The paths whose calls the caller may see; by default all. */
  readonly shows?: (path: string) => boolean;
  /** Created at or after this time. */
  readonly since?: Date | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The newest first. A page may contain fewer than requested; only `next: null` is the end. */
export interface CallPage {
  readonly items: readonly CallSummary[];
  readonly next: string | null;
}

/** Lists the calls of one account, or of a component. */
export class CallList {
  readonly #accounts: CallAccounts;
  readonly #index: CallIndex;
  readonly #store: CallStore;
  readonly #ledger: Ledger;

  constructor(redis: RedisClient, accounts: CallAccounts, store: CallStore, ledger: Ledger) {
    this.#accounts = accounts;
    this.#index = new CallIndex(redis);
    this.#store = store;
    this.#ledger = ledger;
  }

  async page(filter: CallFilter): Promise<CallPage> {
    const { component, appid } = await this.#accounts.find(filter.appid, filter.component);
    let before = filter.cursor === undefined ? undefined : readPlace(filter.cursor, component);
    const items: CallSummary[] = [];
    for (let read = 0; read < MAX_READ; read += BATCH) {
      const places = await this.#index.read(component, appid, { since: filter.since, before, limit: BATCH });
      const ids = places.map(({ call }) => ({ component, appid, id: `${component}.${appid}.${call}` }));
      const calls = await this.#withParked(await this.#store.summaries(ids));
      for (const [i, call] of calls.entries()) {
        if (items.length === filter.limit) return { items, next: writePlace(component, before!) };
        before = places[i]!;
        if (call && matches(call, filter)) items.push(call);
      }
      if (places.length < BATCH) return { items, next: null };
    }
    return { items, next: before ? writePlace(component, before) : null };
  }

  /** Calls that wait for their quota are delayed; the quota of each path is read once. */
  async #withParked(calls: readonly (CallSummary | undefined)[]): Promise<(CallSummary | undefined)[]> {
    const usages = new Map<string, Promise<Usage>>();
    return Promise.all(
      calls.map(async (call) => {
        if (call?.state !== 'queued' || !call.background) return call;
        const usage = usages.get(call.path) ?? this.#ledger.usage(call, endpointOf(call.method, call.path));
        usages.set(call.path, usage);
        return { ...call, state: isParked(call, await usage) ? 'delayed' : call.state };
      }),
    );
  }
}

function matches(call: CallSummary, { state, path, errcode, code, keyId, shows }: CallFilter): boolean {
  if (state && call.state !== state) return false;
  if (path && call.path !== path) return false;
  if (errcode !== undefined && (call.answered?.errcode ?? call.failure?.errcode) !== errcode) return false;
  if (code !== undefined && call.failure?.code !== code) return false;
  if (keyId !== undefined && call.keyId !== keyId) return false;
  return shows?.(call.path) ?? true;
}
