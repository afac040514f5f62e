import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type ComponentApi, ERRCODE, Failure, TEST_ACCOUNTS, type TestAccount } from '@wxthirdparty/wechat';
import { componentOwner } from '../component/component-owner.ts';
import type { Components } from '../component/components.ts';
import type { PushArrivals } from '../component/push-arrivals.ts';
import type { Tickets } from '../component/ticket.ts';
import type { JobDisposition } from '../queue/job.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { Tokens } from '../token/tokens.ts';
import { CODE_PREFIX, rehearsalSender, TEXT } from './answer.ts';
import type { CheckLog } from './check-log.ts';
import { judgeEmpty, judgeReply, judgeSuccess, type StepResult } from './judge-answer.ts';
import type { RehearsalPayload } from './rehearsal-job.ts';
import { ended, endIfSilent, REHEARSAL_STEPS, SKIPPED, withStep } from './rehearsal-log.ts';
import { elements, newMsgId, pushEvent, pushMessage, type RehearsalPushOptions } from './rehearsal-push.ts';
import { openRehearsalTarget, type RehearsalTarget } from './rehearsal-target.ts';
import type { CheckCode } from './release-check.ts';
import type { ReleaseCheckPayload } from './release-check-job.ts';
import type { ReleaseCheckStore } from './release-check-store.ts';
import { type EndReporters, reportEnd } from './report-end.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** From the push of a code to the moment when a worker has its job. */
const JOB_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 100;
const MARK_TTL_MS = 2 * 60_000;
const EVENT = 'LOCATION';
const WRONG_SECRET: readonly number[] = [ERRCODE.secretInvalid, ERRCODE.secretMissing];

export interface RehearsalOptions extends EndReporters {
  readonly store: ReleaseCheckStore;
  readonly components: Components;
  readonly tickets: Pick<Tickets, 'current' | 'view'>;
  readonly tokens: Pick<Tokens, 'ensure'>;
  readonly api: Pick<ComponentApi, 'createPreAuthCode'>;
  readonly arrivals: Pick<PushArrivals, 'read'>;
  /** The jobs of real codes, which those of the rehearsal use, too. */
  readonly codeJobs: OpenQueue<ReleaseCheckPayload>;
}

/** The work of RehearsalJob. A repeated run starts again; of two runs at the same time, one ends without a result. */
export async function runRehearsal(
  payload: RehearsalPayload,
  signal: AbortSignal,
  deps: RehearsalOptions,
): Promise<JobDisposition> {
  const { store, components } = deps;
  const found = await store.find(payload.id);
  if (found?.state !== 'running' || !components.has(payload.component)) return undefined;
  const silent = endIfSilent(found);
  if (silent) {
    await store.change(found.id, found, silent);
    return undefined;
  }
  const target = await openRehearsalTarget(payload.publicUrl);
  try {
    const run = new Rehearsal(payload, target, signal, deps);
    let log: CheckLog = found;
    const replace = async (next: CheckLog) => {
      if (!(await store.change(found.id, log, next))) return false;
      log = next;
      return true;
    };
    if (log.reports.length > 0 && !(await replace({ ...log, reports: [] }))) return undefined;
    for (const name of REHEARSAL_STEPS) {
      const result = await run[name]();
      if (signal.aborted) return { requeue: true };
      if (!(await replace(withStep(log, name, result)))) return undefined;
    }
    if (!(await replace(ended(log, new Date())))) return undefined;
    await reportEnd((await store.find(payload.id))!, deps);
    return undefined;
  } finally {
    await target.sender.close();
  }
}

/** The steps of one run; each returns what it found. */
class Rehearsal implements Readonly<Record<(typeof REHEARSAL_STEPS)[number], () => Promise<StepResult>>> {
  readonly #payload: RehearsalPayload;
  readonly #target: RehearsalTarget;
  readonly #signal: AbortSignal;
  readonly #deps: RehearsalOptions;
  readonly #push: RehearsalPushOptions;
  readonly #openid: string;
  /** No connection is possible, so no push is tried. */
  #isUnreachable = false;

  constructor(payload: RehearsalPayload, target: RehearsalTarget, signal: AbortSignal, deps: RehearsalOptions) {
    this.#payload = payload;
    this.#target = target;
    this.#signal = signal;
    this.#deps = deps;
    const component = deps.components.get(payload.component);
    this.#push = { sender: target.sender, component, publicUrl: payload.publicUrl, signal };
    this.#openid = rehearsalSender(payload.id);
  }

  async address(): Promise<StepResult> {
    const { sender, addresses, isPublic, hasWeChatsPort, port } = this.#target;
    const expected = 'a public address, port 443 (https) or 80 (http)';
    const failed = (code: CheckCode, got: string, ms: number | null): StepResult => ({
      ...{ state: 'failed', code, ms, expected, got },
    });
    if (addresses.length === 0) {
      this.#isUnreachable = true;
      return failed('unreachable', 'the name has no address', null);
    }
    const reached = await sender.send({
      url: this.#payload.publicUrl,
      method: 'GET',
      headers: {},
      timeoutMs: CONNECT_TIMEOUT_MS,
      maxAnswerBytes: 0,
      signal: this.#signal,
    });
    if (reached.kind === 'aborted') return SKIPPED;
    if (reached.kind === 'failed') {
      this.#isUnreachable = true;
      return failed(reached.code === 'bad_certificate' ? 'bad_certificate' : 'unreachable', reached.code, reached.ms);
    }
    if (!isPublic) return failed('not_public', addresses.join(', '), reached.ms);
    if (!hasWeChatsPort) return failed('wrong_port', `port ${port}`, reached.ms);
    return { state: 'ok', code: null, ms: reached.ms, expected, got: addresses.join(', ') };
  }

  /** The held ticket as if it were one second older, so that it replaces nothing. */
  async ticket(): Promise<StepResult> {
    const { tickets, arrivals } = this.#deps;
    const { appid } = this.#push.component;
    // Before the push, which counts as an accepted one.
    const refused = (await arrivals.read(appid)).refused.find(({ reason }) => reason === 'signature');
    const [ticket, view] = await Promise.all([tickets.current(appid), tickets.view(appid)]);
    let result: StepResult = SKIPPED;
    if (!this.#isUnreachable && ticket !== undefined && view !== undefined) {
      const createTime = String(Math.floor(view.createdAt.getTime() / 1_000) - 1);
      const fields = { AppId: appid, CreateTime: createTime, InfoType: 'component_verify_ticket' };
      result = judgeSuccess(await pushEvent(elements({ ...fields, ComponentVerifyTicket: ticket }), this.#push));
    }
    if (result.state === 'failed' || refused === undefined) return result;
    // Only WeChat knows the Token of its console: the rehearsal itself signs with ours.
    const got = `${refused.count} pushes from outside were refused since one was last accepted`;
    return { ...result, state: 'failed', code: 'signature_refused', expected: 'success', got };
  }

  async ready(): Promise<StepResult> {
    const { tickets, tokens, api } = this.#deps;
    const { appid } = this.#push.component;
    const expected = 'a pre-auth code';
    const startedAt = performance.now();
    const result = (code: CheckCode | null, got: string): StepResult => {
      const ms = Math.round(performance.now() - startedAt);
      return { state: code === null ? 'ok' : 'failed', code, ms, expected, got };
    };
    if ((await tickets.current(appid)) === undefined) return result('no_ticket', 'no ticket is held');
    try {
      await tokens.ensure(componentOwner(appid), this.#signal);
      await api.createPreAuthCode({ appid });
      return result(null, expected);
    } catch (error) {
      if (this.#signal.aborted) return SKIPPED;
      if (!(error instanceof Failure)) throw error;
      const { errcode, code } = error;
      const shown = errcode === undefined ? code : `${code} ${errcode}`;
      if (errcode === ERRCODE.addressForbidden) return result('ip_not_listed', shown);
      if (errcode !== undefined && WRONG_SECRET.includes(errcode)) return result('wrong_secret', shown);
      return result('not_ready', shown);
    }
  }

  text(): Promise<StepResult> {
    const fields = { MsgType: 'text', Content: TEXT };
    return this.#ofEachGroup(() => ({ ...fields, MsgId: newMsgId() }), `${TEXT}_callback`);
  }

  event(): Promise<StepResult> {
    const fields = { MsgType: 'event', Event: EVENT, Latitude: '23.1', Longitude: '113.3', Precision: '119.4' };
    return this.#ofEachGroup(() => fields, `${EVENT}from_callback`);
  }

  /** One account of each kind: everything that follows a code, but its exchange and the message to the user. */
  async api_text(): Promise<StepResult> {
    const group = 1 + Math.floor(Math.random() * 5);
    let last = SKIPPED;
    for (const account of TEST_ACCOUNTS.filter((one) => one.group === group)) {
      if (this.#isUnreachable) break;
      last = await this.#code(account);
      if (last.state !== 'ok') break;
    }
    return last;
  }

  async configuration(): Promise<StepResult> {
    const last = await this.#deps.store.latest(this.#push.component.appid, 'real');
    if (last === undefined || last.state === 'running') return SKIPPED;
    const expected = 'passed';
    if (last.state === 'passed') return { ...SKIPPED, state: 'ok', expected, got: last.id };
    const failed = last.steps.filter(({ state }) => state === 'failed').map(({ name, code }) => `${name}: ${code}`);
    return { ...SKIPPED, state: 'failed', code: 'last_check_failed', expected, got: `${last.id} ${failed.join(', ')}` };
  }

  /** To the official account of each pair; the first failure, or the slowest answer. */
  async #ofEachGroup(fields: () => Readonly<Record<string, string>>, expected: string): Promise<StepResult> {
    let slowest = SKIPPED;
    for (const account of TEST_ACCOUNTS.filter(({ kind }) => kind === 'official-account')) {
      if (this.#isUnreachable) break;
      const answer = await pushMessage(account, this.#openid, fields(), this.#push);
      const result = judgeReply(answer, expected, this.#push.component);
      if (result.state !== 'ok') return result;
      if ((result.ms ?? 0) >= (slowest.ms ?? 0)) slowest = result;
    }
    return slowest;
  }

  async #code(account: TestAccount): Promise<StepResult> {
    const { redis } = this.#deps;
    const mark = redis.keyspace.rehearsal(this.#payload.id);
    await redis.set(mark, 'sent', 'PX', MARK_TTL_MS);
    const startedAt = performance.now();
    const content = `${CODE_PREFIX}rehearsal@@@${randomBytes(16).toString('hex')}`;
    const fields = { MsgType: 'text', Content: content, MsgId: newMsgId() };
    const answered = judgeEmpty(await pushMessage(account, this.#openid, fields, this.#push));
    if (answered.state !== 'ok') return answered;
    while ((await redis.get(mark)) !== 'arrived') {
      if (this.#signal.aborted) return SKIPPED;
      if (performance.now() - startedAt > JOB_TIMEOUT_MS) {
        return { ...answered, state: 'failed', code: await this.#whyNoJob(), got: 'the job was not run' };
      }
      await pause(POLL_INTERVAL_MS, undefined, { signal: this.#signal }).catch(() => {});
    }
    return { ...answered, ms: Math.round(performance.now() - startedAt) };
  }

  async #whyNoJob(): Promise<CheckCode> {
    // Some servers refuse the command by which workers are listed.
    const workers = await this.#deps.codeJobs.queue.getWorkersCount().catch(() => 1);
    return workers === 0 ? 'no_worker' : 'queue_backlog';
  }
}
