import { setTimeout as pause } from 'node:timers/promises';
import { Failure, parseWeChatJson } from '@wxthirdparty/wechat';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import type { Call } from '../call/call.ts';
import type { Calls } from '../call/calls.ts';
import type { AuthorizationOutcome, CodeIntake } from '../consent/code-intake.ts';
import type { JobDisposition } from '../queue/job.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Seals } from '../sealing/seals.ts';
import type { ReleaseCheckPayload } from './release-check-job.ts';
import { codePlace } from './responder.ts';
import { reportStep, type StepReport } from './step-report.ts';

/** WeChat documents no limit for its case 3; the exchange usually ended before the code arrived here. */
const EXCHANGE_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 100;
const SEND_TIMEOUT_MS = 30_000;
const EXPECTED = '$query_auth_code$_from_api';

export interface UseCodeOptions {
  readonly redis: RedisClient;
  readonly seals: Seals;
  readonly codes: Pick<CodeIntake, 'ask' | 'outcome'>;
  readonly authorizers: Pick<AuthorizerStore, 'find'>;
  readonly calls: Pick<Calls, 'run'>;
}

/**
 * The work of ReleaseCheckJob: the code is exchanged, and a text with it is sent to the user (protocol §6, case 3). A code
 * can be used once, so the exchange is the same as that of the `authorized` push. May run twice: the call is the same one by
 * its idempotency key.
 */
export async function useCheckCode(
  payload: ReleaseCheckPayload,
  signal: AbortSignal,
  deps: UseCodeOptions,
): Promise<JobDisposition> {
  const { component, appid, codeHash } = payload;
  const { redis, seals, codes, authorizers } = deps;
  const { code, openid } = JSON.parse(seals.open(payload.sealed, codePlace(component, codeHash))) as Message;
  if (payload.rehearsal !== undefined) {
    // Set by the rehearsal: its code is not one of WeChat's.
    await redis.set(redis.keyspace.rehearsal(payload.rehearsal), 'arrived', 'KEEPTTL', 'XX');
    return undefined;
  }
  const startedAt = Date.now();
  const report = (step: Pick<StepReport, 'state' | 'code' | 'got'>) =>
    reportStep(redis, {
      ...{ component, appid, name: 'api_text', expected: EXPECTED, at: startedAt },
      ms: Date.now() - new Date(payload.receivedAt).getTime(),
      ...step,
    });

  await codes.ask(component, code, appid);
  const outcome = await settledExchange(payload, codes, signal);
  if (signal.aborted) return { requeue: true };
  // The consent may be known although this exchange failed: an answer was lost, and WeChat's list has the account.
  if (outcome?.outcome !== 'authorized' && (await authorizers.find(component, appid))?.state !== 'active') {
    const got = outcome?.outcome === 'failed' ? shownFailure(outcome) : null;
    report({ state: 'failed', code: 'exchange_failed', got });
    return undefined;
  }
  const failure = await send(payload, `${code}_from_api`, openid, deps.calls, signal).catch((error: unknown) => {
    // The job runs again; a later result replaces this one.
    report({ state: 'failed', code: 'send_failed', got: error instanceof Failure ? shownFailure(error) : null });
    throw error;
  });
  if (signal.aborted && failure === 'unknown') return { requeue: true };
  if (failure === undefined) report({ state: 'ok', code: null, got: EXPECTED });
  else report({ state: 'failed', code: 'send_failed', got: failure });
  return undefined;
}

interface Message {
  readonly code: string;
  readonly openid: string;
}

async function settledExchange(
  { component, codeHash }: ReleaseCheckPayload,
  codes: Pick<CodeIntake, 'outcome'>,
  signal: AbortSignal,
): Promise<AuthorizationOutcome | undefined> {
  const endsAt = performance.now() + EXCHANGE_TIMEOUT_MS;
  for (;;) {
    const outcome = await codes.outcome(component, codeHash);
    if (outcome || signal.aborted || performance.now() >= endsAt) return outcome;
    await pause(POLL_INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

/** Undefined: WeChat accepted the text. Otherwise why not; `unknown`: the wait ended before the call did. */
async function send(
  { component, appid, codeHash }: ReleaseCheckPayload,
  content: string,
  openid: string,
  calls: Pick<Calls, 'run'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const request = {
    component,
    appid,
    method: 'POST',
    path: '/cgi-bin/message/custom/send',
    query: [],
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify({ touser: openid, msgtype: 'text', text: { content } })),
    departWithinMs: SEND_TIMEOUT_MS,
    idempotencyKey: `release-check:${codeHash}`,
  };
  try {
    const { call } = await calls.run(request, { waitMs: SEND_TIMEOUT_MS, signal, onTimeout: 'keep' });
    if (call?.state === 'completed') return refusalIn(call);
    return call?.failure ? shownFailure(call.failure) : 'unknown';
  } catch (error) {
    // What may be different in the next run is tried again.
    if (!(error instanceof Failure) || error.remedy === 'retry' || error.remedy === 'slow-down') throw error;
    return shownFailure(error);
  }
}

/** A completed call is one that WeChat answered, whatever its errcode. */
function refusalIn({ response }: Pick<Call, 'response'>): string | undefined {
  if (response === null) return undefined;
  const { errcode = 0 } = parseWeChatJson(response.body.toString('utf8')) as { readonly errcode?: number };
  return errcode === 0 ? undefined : shownFailure({ code: 'wechat_refused', errcode });
}

function shownFailure({ code, errcode }: { readonly code: string; readonly errcode?: number | undefined }): string {
  return errcode === undefined ? code : `${code} ${errcode}`;
}
