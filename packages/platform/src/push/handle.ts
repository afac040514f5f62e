import { openEnvelope, type Push, readPush } from '@wxthirdparty/wechat';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import type { Profiles } from '../authorizer/profiles.ts';
import { componentOwner } from '../component/component-owner.ts';
import type { Components } from '../component/components.ts';
import type { Tickets } from '../component/ticket.ts';
import type { AuthorizationLinks } from '../consent/authorization-links.ts';
import type { CodeIntake } from '../consent/code-intake.ts';
import { hashOfCode } from '../consent/code-ties.ts';
import type { LinkStore } from '../consent/link-store.ts';
import type { Events, PushEvent } from '../events.ts';
import type { FollowerStore } from '../follower/follower-store.ts';
import type { ConsentPush } from '../release-check/consent-step.ts';
import type { Tokens } from '../token/tokens.ts';
import type { PushPayload } from './push-job.ts';

/** The push's type and its outcome, ids and kinds only. */
type HandledPush = Pick<PushEvent, 'push' | 'appid' | 'outcome'>;

export interface HandleOptions {
  readonly components: Components;
  readonly tickets: Tickets;
  readonly tokens: Tokens;
  readonly codes: CodeIntake;
  readonly links: AuthorizationLinks;
  readonly linkStore: LinkStore;
  readonly profiles: Profiles;
  readonly authorizerStore: Pick<AuthorizerStore, 'find'>;
  readonly followers: Pick<FollowerStore, 'recordStatus'>;
  /** Reports the consents of WeChat's test accounts. */
  readonly reportConsent: (consent: ConsentPush) => Promise<void>;
  readonly events: Events;
}

/** Acts on a push. May run twice for the same push, and out of order. `job`: the id of its job. */
export async function handlePush(payload: PushPayload, job: string | undefined, options: HandleOptions): Promise<void> {
  const startedAt = performance.now();
  const handled = await handle(payload, options);
  const ms = Math.round(performance.now() - startedAt);
  const { component, receivedAt } = payload;
  options.events.publish('push', { job, component, ...handled, receivedAt, ms });
}

async function handle(payload: PushPayload, options: HandleOptions): Promise<HandledPush> {
  const component = options.components.get(payload.component);
  const push = readPush(openEnvelope(component.envelopeKeys, payload.envelope).xml, payload.url);
  switch (push.type) {
    case 'ticket': {
      const outcome = await options.tickets.keep(
        component.appid,
        push.ticket,
        push.createTime,
        new Date(payload.receivedAt),
      );
      // A ticket alone fetches no token: a new component token ends the former one after five minutes.
      const owner = componentOwner(component.appid);
      if (outcome === 'kept' && !(await options.tokens.has(owner))) await options.tokens.askForRefresh(owner);
      return { push: 'component_verify_ticket', outcome };
    }
    case 'authorized':
    case 'updateauthorized':
      await takeCode(component.appid, push.code, push.appid, push.preAuthCode, options);
      await options.reportConsent({ ...about(payload, push), name: 'authorized' });
      return { push: push.type, appid: push.appid, outcome: 'exchange_asked' };
    case 'fasteregister': {
      const name = 'notify_third_fasteregister';
      if (!push.code) return { push: name, appid: push.appid, outcome: `status_${push.status}` };
      await options.codes.ask(component.appid, push.code, push.appid);
      return { push: name, appid: push.appid, outcome: 'exchange_asked' };
    }
    case 'unauthorized': {
      const outcome = await options.profiles.read(component.appid, push.appid);
      await options.reportConsent({ ...about(payload, push), name: 'unauthorized' });
      return { push: push.type, appid: push.appid, outcome };
    }
    case 'other':
      return { push: push.infoType, outcome: 'noted' };
    case 'message': {
      const name = push.event ? `event:${push.event}` : push.msgType;
      const outcome = await recordFollower(push, component.appid, payload.appid, options);
      return { push: name, appid: payload.appid, outcome };
    }
    // Only in jobs of older versions, which judged by the content alone.
    case 'unreadable':
      return { push: push.type, appid: payload.appid, outcome: push.reason };
    default:
      return push satisfies never;
  }
}

function about({ component, receivedAt }: PushPayload, { appid }: { readonly appid: string }) {
  return { component, appid, receivedAt: new Date(receivedAt) };
}

/** The push names the pre-auth code that the merchant used, and so the link. */
async function takeCode(
  component: string,
  code: string,
  appid: string,
  preAuthCode: string | undefined,
  { codes, links, linkStore }: HandleOptions,
): Promise<void> {
  const linkId = preAuthCode && (await linkStore.idOfPreAuthCode(hashOfCode(component, preAuthCode)));
  await codes.ties.fromPush(component, hashOfCode(component, code), appid, linkId || undefined);
  const codeHash = await codes.ask(component, code, appid);
  // If the browser was first, the exchange may have ended; then no other code reads what was just noted.
  const outcome = await codes.outcome(component, codeHash);
  if (outcome) await links.settle(component, codeHash, outcome);
}

/** The appid is in the URL, which is not signed; the `gh_…` in the message is sealed. */
async function recordFollower(
  push: Extract<Push, { type: 'message' }>,
  component: string,
  appid: string | undefined,
  { authorizerStore, followers }: HandleOptions,
): Promise<string> {
  if (push.event !== 'subscribe' && push.event !== 'unsubscribe') return 'noted';
  const account = appid === undefined ? undefined : await authorizerStore.find(component, appid);
  if (!account || (account.userName && account.userName !== push.toUserName)) return 'unknown_account';
  if (!/^[\x21-\x7e]{1,64}$/.test(push.fromUserName)) return 'noted';
  await followers.recordStatus(
    account,
    push.fromUserName,
    push.event === 'subscribe',
    new Date(push.createTime * 1_000),
  );
  return push.event === 'subscribe' ? 'follows' : 'unsubscribed';
}
