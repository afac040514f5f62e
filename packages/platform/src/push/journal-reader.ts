import { Failure } from '@wxthirdparty/wechat';
import { type AccountName, accountKey, nameless } from '../authorizer/account-name.ts';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import type { Components } from '../component/components.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { DeliveryStore } from '../delivery/delivery-store.ts';
import type { JournaledPush } from '../journal/journaled-push.ts';
import type { Persons } from '../journal/person.ts';
import { type PushData, pushDataOf } from '../journal/push-data.ts';
import type { PushAccount, PushStore } from '../journal/push-store.ts';
import { unknownPush } from '../journal/unknown-push.ts';
import type { Page, PageRequest } from '../paging.ts';

export interface PushListRequest extends PageRequest {
  readonly appid?: string | undefined;
  readonly handle?: string | undefined;
  /** Exact, or a prefix with `*` at its end. */
  readonly type?: string | undefined;
  /** By the time of acceptance; `until` is excluded. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Needs `appid` or `handle`. */
  readonly openid?: string | undefined;
  /** Only of these accounts; empty: of all. */
  readonly own: readonly string[];
}

/** A push as the API shows it, with the current names of its account. */
export interface PushView extends JournaledPush, AccountName {
  readonly deliveries: readonly Delivery[];
}

/** Reads the journal for requests. */
export class JournalReader {
  readonly #store: PushStore;
  readonly #persons: Persons;
  readonly #components: Components;
  readonly #authorizers: Pick<AuthorizerStore, 'names' | 'findByHandle'>;
  readonly #deliveries: Pick<DeliveryStore, 'ofPushes'>;

  constructor(deps: {
    store: PushStore;
    persons: Persons;
    components: Components;
    authorizers: Pick<AuthorizerStore, 'names' | 'findByHandle'>;
    deliveries: Pick<DeliveryStore, 'ofPushes'>;
  }) {
    this.#store = deps.store;
    this.#persons = deps.persons;
    this.#components = deps.components;
    this.#authorizers = deps.authorizers;
    this.#deliveries = deps.deliveries;
  }

  /** The newest first; a filtered page may hold fewer than `limit`. Throws Failure `invalid_request`. */
  async list(request: PushListRequest): Promise<Page<PushView>> {
    const { type, since, until, openid, limit, cursor } = request;
    const accounts = await this.#accountsOf(request);
    if (openid !== undefined && request.appid === undefined && request.handle === undefined) {
      throw new Failure(
        'invalid_request',
        'fix-request',
        'openid: needs appid or handle, since openids belong to an account',
      );
    }
    const persons =
      openid === undefined
        ? undefined
        : accounts?.flatMap(({ component, appid }) => this.#persons.hashes(component, appid, openid));
    const { items, next } = await this.#store.list({ accounts, type, since, until, persons }, { limit, cursor });
    return { items: await this.#views(items), next };
  }

  /** `data` null: no listed key opens it. Throws Failure `unknown_push`. */
  async find(id: string): Promise<PushView & { readonly data: PushData | null }> {
    const push = await this.#store.findIn(
      this.#components.all().map(({ appid }) => appid),
      id,
    );
    if (!push) throw unknownPush();
    const [view] = await this.#views([push]);
    const payload = this.#store.open(push);
    return { ...view!, data: payload === undefined ? null : pushDataOf({ ...view!, payload }) };
  }

  /** Undefined: all, and what concerns no account. */
  async #accountsOf({ appid, handle, own }: PushListRequest): Promise<PushAccount[] | undefined> {
    const isOwn = (one: string) => own.length === 0 || own.includes(one);
    if (handle !== undefined) {
      const found = await this.#authorizers.findByHandle(handle);
      return found
        .filter((one) => isOwn(one.appid) && (appid === undefined || appid === one.appid))
        .map((one) => ({ component: one.component, appid: one.appid }));
    }
    const appids = appid !== undefined ? [appid].filter(isOwn) : own.length > 0 ? own : undefined;
    return appids?.flatMap((one) => this.#components.all().map(({ appid: component }) => ({ component, appid: one })));
  }

  async #views(pushes: readonly JournaledPush[]): Promise<PushView[]> {
    const [deliveries, names] = await Promise.all([this.#deliveries.ofPushes(pushes), this.#authorizers.names(pushes)]);
    const byPush = Map.groupBy(deliveries, ({ component, push }) => `${component}/${push}`);
    return pushes.map(({ component, id, appid, type, note, createTime, receivedAt, seq, replied }) => ({
      component,
      id,
      appid,
      type,
      note,
      createTime,
      receivedAt,
      seq,
      replied,
      ...(names.get(accountKey({ component, appid })) ?? nameless),
      deliveries: byPush.get(`${component}/${id}`) ?? [],
    }));
  }
}
