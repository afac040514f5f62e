import { openEnvelope, type Push, readPush } from '@wxthirdparty/wechat';
import type { AuthorizerNotices } from '../authorizer/authorizer-notices.ts';
import type { Profiles } from '../authorizer/profiles.ts';
import { componentOwner } from '../component/component-owner.ts';
import type { Components } from '../component/components.ts';
import type { Tickets } from '../component/ticket.ts';
import type { AuthorizationLinks } from '../consent/authorization-links.ts';
import type { CodeIntake } from '../consent/code-intake.ts';
import { hashOfCode } from '../consent/code-ties.ts';
import type { LinkStore } from '../consent/link-store.ts';
import { type Events, errorReport, type PushEvent } from '../events.ts';
import { appendNotice } from '../journal/append-notice.ts';
import { identityOf, pushIdOf, pushTimeOf } from '../journal/push-id.ts';
import { componentNoticeType } from '../journal/push-type.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { ConsentPush } from '../release-check/consent-step.ts';
import type { Seals } from '../sealing/seals.ts';
import type { Tokens } from '../token/tokens.ts';
import type { PushPayload } from './push-job.ts';
import type { PushStream } from './push-stream.ts';
import { withoutSecrets } from './without-secrets.ts';

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
  /** Reports the consents of WeChat's test accounts. */
  readonly reportConsent: (consent: ConsentPush) => Promise<void>;
  readonly notices: Pick<AuthorizerNotices, 'revoked'>;
  readonly redis: RedisClient;
  readonly seals: Seals;
  readonly stream: Pick<PushStream, 'append'>;
  readonly events: Events;
}

/**
 * Acts on a push. May run twice for the same push, and out of order. `job`: the id of its job. One of the message URL, which an
 * older gateway has enqueued, goes into the stream; the journaler reports it.
 */
export async function handlePush(payload: PushPayload, job: string | undefined, options: HandleOptions): Promise<void> {
  const startedAt = performance.now();
  const { component, url, receivedAt } = payload;
  const publish = (result: PushEvent['result'], handled: HandledPush) => {
    const ms = Math.round(performance.now() - startedAt);
    const lagMs = Math.max(0, Date.now() - Date.parse(receivedAt));
    options.events.publish('push', { job, component, url, result, ...handled, receivedAt, ms, lagMs });
  };
  try {
    const handled = await handle(payload, options);
    if (handled) publish('handled', handled);
  } catch (error) {
    // The job is tried again.
    publish('failed', { push: 'unknown', outcome: errorReport(error).code ?? 'internal' });
    throw error;
  }
}

async function handle(payload: PushPayload, options: HandleOptions): Promise<HandledPush | undefined> {
  const component = options.components.get(payload.component);
  const { xml, bytes } = openEnvelope(component.envelopeKeys, payload.envelope);
  const push = readPush(xml, payload.url);
  switch (push.type) {
    case 'ticket': {
      const arrived = { ...push, receivedAt: new Date(payload.receivedAt) };
      const outcome = await options.tickets.keepLive(component.appid, arrived);
      // A ticket alone fetches no token: a new component token ends the former one after five minutes.
      const owner = componentOwner(component.appid);
      if (outcome === 'kept' && !(await options.tokens.has(owner))) await options.tokens.askForRefresh(owner);
      // Last: while the database is unreachable only the copy is missing, and the job adds it later.
      if (outcome === 'kept') await options.tickets.copy(component.appid, arrived);
      return { push: 'component_verify_ticket', outcome };
    }
    case 'authorized':
    case 'updateauthorized':
      await takeCode(component.appid, push, options);
      await options.reportConsent({ ...about(payload, push), name: 'authorized' });
      return { push: push.type, appid: push.appid, outcome: 'exchange_asked' };
    case 'fasteregister': {
      const name = 'notify_third_fasteregister';
      await appendComponentNotice(payload, push, name, bytes, options);
      if (!push.code) return { push: name, appid: push.appid, outcome: `status_${push.status}` };
      await options.codes.ask(component.appid, push.code, push.appid);
      return { push: name, appid: push.appid, outcome: 'exchange_asked' };
    }
    case 'unauthorized': {
      const outcome = await options.profiles.read(component.appid, push.appid);
      await options.reportConsent({ ...about(payload, push), name: 'unauthorized' });
      // Another process may have learned it before; then the notice is the same.
      if (outcome === 'revoked') await options.notices.revoked(component.appid, push.appid);
      return { push: push.type, appid: push.appid, outcome };
    }
    case 'other':
      await appendComponentNotice(payload, push, push.infoType, bytes, options);
      return { push: push.infoType, outcome: 'noted' };
    case 'message':
    // Only in jobs of older versions, which judged by the content alone.
    case 'unreadable':
      await append(payload, push, bytes, options);
      return undefined;
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
  { type, code, appid, preAuthCode }: Extract<Push, { type: 'authorized' | 'updateauthorized' }>,
  { codes, links, linkStore }: HandleOptions,
): Promise<void> {
  const linkId = (preAuthCode && (await linkStore.idOfPreAuthCode(hashOfCode(component, preAuthCode)))) || undefined;
  const isUpdate = type === 'updateauthorized';
  await codes.noteFromPush(component, code, { appid, linkId, preAuthCode, isUpdate });
  const codeHash = await codes.ask(component, code, appid);
  // If the browser was first, the exchange may have ended; then no other code reads what was just noted.
  const outcome = await codes.outcome(component, codeHash);
  if (outcome) await links.settle(component, codeHash, outcome);
}

/** It contains every field but codes, tickets and other secrets. */
async function appendComponentNotice(
  { component, envelope }: PushPayload,
  push: Extract<Push, { type: 'fasteregister' | 'other' }>,
  infoType: string,
  bytes: Buffer,
  { redis, seals }: HandleOptions,
): Promise<void> {
  await appendNotice(redis, seals, {
    component,
    type: componentNoticeType(infoType),
    at: new Date(pushTimeOf(push, envelope.timestamp) * 1_000),
    unique: identityOf(component, undefined, push, bytes)!,
    data: { fields: withoutSecrets(push.fields) },
  });
}

async function append(
  { component, url, appid, receivedAt, envelope }: PushPayload,
  push: Push,
  bytes: Buffer,
  { stream }: HandleOptions,
): Promise<void> {
  const identity = identityOf(component, appid, push, bytes)!;
  const id = pushIdOf(pushTimeOf(push, envelope.timestamp), identity);
  const entry = { kind: 'push', id, component, url, appid, envelope, asked: undefined } as const;
  await stream.append({ ...entry, receivedAt: new Date(receivedAt) }, { identity, fromQueue: true });
}
