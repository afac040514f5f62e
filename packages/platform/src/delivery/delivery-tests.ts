import { Failure } from '@wxthirdparty/wechat';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { unknownAuthorizer } from '../authorizer/unknown-authorizer.ts';
import type { Components } from '../component/components.ts';
import type { OpenedPush } from '../journal/opened-push.ts';
import type { PushStore } from '../journal/push-store.ts';
import { type DocumentedPushType, pushTypes } from '../journal/push-types.ts';
import { unknownPush } from '../journal/unknown-push.ts';
import { demandAccount, type KeyRights } from '../key/key-rights.ts';
import type { Subscription } from '../subscription/subscription.ts';
import { canCarry } from './format/format-types.ts';
import { inventedAccount, inventedPush, type TestAccount } from './invented-push.ts';
import type { SendingParts } from './send-attempt.ts';
import { sendTest, type TestContent, type TestResult } from './test-delivery.ts';

const TICKET = 'component_verify_ticket';

export type TestInput =
  /** `appid` null: an invented account. */
  { readonly type: string; readonly appid: string | null } | { readonly push: string };

export interface DeliveryTestParts extends SendingParts {
  readonly pushes: Pick<PushStore, 'findIn' | 'open'>;
  readonly authorizers: Pick<AuthorizerStore, 'findEverywhere' | 'find'>;
  readonly components: Components;
}

/** Tries a subscription's endpoint, before its first push or after a change. */
export class DeliveryTests {
  readonly #parts: DeliveryTestParts;

  constructor(parts: DeliveryTestParts) {
    this.#parts = parts;
  }

  /** Throws Failure `invalid_request`, `unknown_push`, `unknown_authorizer`, and ForbiddenFailure for another account than the key's. */
  async run(subscription: Subscription, input: TestInput, rights: KeyRights, signal: AbortSignal): Promise<TestResult> {
    const content =
      'push' in input ? await this.#journaled(input.push, rights) : await this.#invented(subscription, input, rights);
    if ('push' in content && !canCarry(subscription.format, content.push.type)) {
      throw invalid(`type: the format ${subscription.format} does not receive ${content.push.type}`);
    }
    return sendTest(this.#parts, subscription, content, signal);
  }

  async #journaled(id: string, rights: KeyRights): Promise<TestContent> {
    const { pushes, authorizers, components } = this.#parts;
    const push = await pushes.findIn(
      components.all().map(({ appid }) => appid),
      id,
    );
    if (!push) throw unknownPush();
    const { component, appid } = push;
    if (rights.accounts.length > 0) demandAccount(rights, appid ?? '');
    const payload = pushes.open(push);
    if (payload === undefined) {
      throw new Failure('unsealable', 'operator', 'No key in SECRETS_KEY opens this push.');
    }
    const account = appid === null ? undefined : await authorizers.find(component, appid);
    const { seq, type, createTime, receivedAt } = push;
    const opened: OpenedPush = {
      ...{ id, seq, component, appid, handle: account?.handle ?? null },
      ...{ type, createTime, receivedAt, payload },
    };
    return { push: opened };
  }

  async #invented(
    subscription: Subscription,
    { type, appid }: { readonly type: string; readonly appid: string | null },
    rights: KeyRights,
  ): Promise<TestContent> {
    const isComponentFormat = subscription.format === 'wechat-component';
    if (type === TICKET && isComponentFormat) return { ticket: true };
    if (!isDocumented(type)) throw invalid('type: must be one of GET /v1/push-types');
    if (appid === null && isComponentFormat) throw invalid('appid: required in the format wechat-component');
    return { push: inventedPush(type, await this.#accountOf(subscription, appid, rights), new Date()) };
  }

  async #accountOf(subscription: Subscription, appid: string | null, rights: KeyRights): Promise<TestAccount> {
    const component = subscription.component ?? this.#parts.components.all()[0]?.appid ?? '';
    if (appid === null) return inventedAccount(component);
    demandAccount(rights, appid);
    const accounts = await this.#parts.authorizers.findEverywhere(appid);
    const account = accounts.find((one) => subscription.component === null || one.component === subscription.component);
    if (!account) throw unknownAuthorizer(appid);
    return { component: account.component, appid, handle: account.handle, userName: account.userName };
  }
}

function isDocumented(type: string): type is DocumentedPushType {
  return Object.hasOwn(pushTypes, type);
}

function invalid(detail: string): Failure {
  return new Failure('invalid_request', 'fix-request', detail);
}
