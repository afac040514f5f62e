import { setTimeout as pause } from 'node:timers/promises';
import { type Account, type AccountKind, openReplyWindow } from '../account.ts';
import type { Component } from '../component.ts';
import { consentPush, giveConsent, revokeConsent } from '../consent/consent.ts';
import { deliver, deliverOnce } from '../push/deliver.ts';
import { eventOfAccount } from '../push/event-of-account.ts';
import type { Push } from '../push/parcel.ts';
import { writePayload } from '../push/payload.ts';
import { pushTicket } from '../push/ticket.ts';
import type { DeliveryRecord } from '../push-log.ts';
import type { World } from '../world.ts';
import { testAccountOf } from './test-accounts.ts';

export interface ReleaseCheckOptions {
  readonly group: number;
  readonly kinds: readonly AccountKind[];
  /** How long the check waits for a customer message; WeChat documents no limit. */
  readonly sendTimeoutMs: number;
}

type CaseName = 'ticket' | 'authorized' | 'text' | 'event' | 'api_text' | 'unauthorized';

/** One line of WeChat's table. */
export interface CheckedCase {
  readonly name: CaseName;
  /** Null for the ticket, which belongs to no account. */
  readonly kind: AccountKind | null;
  readonly appid: string | null;
  readonly passed: boolean;
  /** Why it failed; null if it passed. */
  readonly reason: string | null;
  readonly expected: string;
  readonly got: string | null;
  readonly ms: number;
}

const TEXT = 'TESTCOMPONENT_MSG_TYPE_TEXT';
const POLL_INTERVAL_MS = 20;

/**
 * The whole-network release check for one pair of test accounts, compared exactly (protocol §6, §10 rule 54). A push of a
 * case is delivered once: the check forgives nothing.
 */
export async function runReleaseCheck(
  world: World,
  component: Component,
  { group, kinds, sendTimeoutMs }: ReleaseCheckOptions,
): Promise<CheckedCase[]> {
  const cases = [await checkTicket(world, component)];
  for (const kind of kinds) {
    const check = new AccountCheck(world, component, testAccountOf(world, group, kind), sendTimeoutMs);
    cases.push(...(await check.run()));
  }
  return cases;
}

async function checkTicket(world: World, component: Component): Promise<CheckedCase> {
  const options = { which: 'hourly', createTime: world.clock.unix(), copies: 1 } as const;
  const [record] = await pushTicket(world, component, options);
  return { name: 'ticket', kind: null, appid: null, expected: 'success', ...accepted(record!) };
}

class AccountCheck {
  readonly #world: World;
  readonly #component: Component;
  readonly #account: Account;
  readonly #sendTimeoutMs: number;
  /** The user of the check, a new one each time. */
  readonly #tester: string;

  constructor(world: World, component: Component, account: Account, sendTimeoutMs: number) {
    this.#world = world;
    this.#component = component;
    this.#account = account;
    this.#sendTimeoutMs = sendTimeoutMs;
    this.#tester = `o${world.credentials.text(27)}`;
  }

  async run(): Promise<CheckedCase[]> {
    const world = this.#world;
    const account = this.#account;
    account.followers.subscribe(this.#tester);
    const consent = giveConsent(world, this.#component, account, null, '');
    const [announced] = await deliver(world, consentPush(world, this.#component, { ...consent, change: 'authorized' }));
    const cases: CheckedCase[] = [this.#case('authorized', 'success', accepted(announced!))];
    if (account.kind === 'official-account') cases.push(await this.#text(), await this.#event());
    cases.push(await this.#apiText(consent.pushCode, () => consent.grant.exchanged));
    const revoked = revokeConsent(world, this.#component, account.appid);
    const [ended] = revoked === null ? [] : await deliver(world, revoked);
    if (ended !== undefined) cases.push(this.#case('unauthorized', 'success', accepted(ended)));
    return cases;
  }

  async #text(): Promise<CheckedCase> {
    const expected = `${TEXT}_callback`;
    const record = await deliverOnce(this.#world, this.#message(TEXT), 1, null);
    return this.#case('text', expected, replied(record, expected));
  }

  async #event(): Promise<CheckedCase> {
    const expected = 'LOCATIONfrom_callback';
    const fields = { Event: 'LOCATION', Latitude: '23.137466', Longitude: '113.352425', Precision: '119.385040' };
    const push = eventOfAccount(this.#world, this.#component, this.#account, this.#tester, fields);
    return this.#case('event', expected, replied(await deliverOnce(this.#world, push, 1, null), expected));
  }

  /** The answer must be empty; then the code is exchanged and the text is sent by the API. */
  async #apiText(code: string, exchanged: () => boolean): Promise<CheckedCase> {
    const expected = `${code}_from_api`;
    const startedAt = performance.now();
    const earlier = this.#sent().length;
    const record = await deliverOnce(this.#world, this.#message(`QUERY_AUTH_CODE:${code}`), 1, null);
    const done = (got: string | null, reason: string | null) =>
      this.#case('api_text', expected, { passed: reason === null, reason, got, ms: elapsed(startedAt) });
    if (record.complaint !== null) return done(record.body, record.complaint);
    if (record.body !== '') return done(record.body, 'the answer must be empty');
    const endsAt = startedAt + this.#sendTimeoutMs;
    while (this.#sent().length === earlier && performance.now() < endsAt && !this.#world.ending.aborted) {
      await pause(POLL_INTERVAL_MS, undefined, { signal: this.#world.ending }).catch(() => undefined);
    }
    const [message] = this.#sent().slice(earlier);
    if (message === undefined) {
      return done(null, exchanged() ? 'no customer message was sent' : 'the code was not exchanged');
    }
    const got = JSON.stringify(message);
    if (message.msgtype !== 'text') return done(got, 'the customer message is no text');
    const { content } = message.content as { content?: unknown };
    if (content !== expected) return done(String(content), 'the customer message has another text');
    if (!exchanged()) return done(expected, 'the code was not exchanged');
    return done(expected, null);
  }

  #sent() {
    const component = this.#component.appid;
    const { appid } = this.#account;
    return this.#world.messages.filter(
      (message) => message.component === component && message.appid === appid && message.touser === this.#tester,
    );
  }

  #message(content: string): Push {
    const { appid, userName } = this.#account;
    const createTime = this.#world.clock.unix();
    const msgId = this.#world.credentials.messageId();
    openReplyWindow(this.#account, this.#tester, true, this.#world.clock);
    const payload = {
      ToUserName: userName,
      FromUserName: this.#tester,
      CreateTime: createTime,
      MsgType: 'text',
      Content: content,
      MsgId: msgId,
    };
    return {
      component: this.#component,
      url: 'messages',
      appid,
      userName,
      openid: this.#tester,
      xml: writePayload(payload, this.#world.chance),
      what: 'text',
      msgId: String(msgId),
      createTime,
    };
  }

  #case(name: CaseName, expected: string, result: Verdict): CheckedCase {
    return { name, kind: this.#account.kind, appid: this.#account.appid, expected, ...result };
  }
}

type Verdict = Pick<CheckedCase, 'passed' | 'reason' | 'got' | 'ms'>;

function accepted({ complaint, body, ms }: DeliveryRecord): Verdict {
  return { passed: complaint === null, reason: complaint, got: body, ms };
}

function replied({ complaint, reply, body, ms }: DeliveryRecord, expected: string): Verdict {
  const got = reply === null ? body : String(reply.Content ?? reply.MsgType);
  const reason =
    complaint ?? (reply === null ? 'no passive reply' : got === expected ? null : 'the reply has another text');
  return { passed: reason === null, reason, got, ms };
}

function elapsed(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
