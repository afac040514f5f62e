import type { CallLine, DeliveryLine, History, ProbeLine, PushLine, RequestLine, SettledLine } from './history.ts';
import { STREAMS } from './history.ts';

const SEND_PATH = '/cgi-bin/message/custom/send';
const COMPONENT_TOKEN_PATH = '/cgi-bin/component/api_component_token';
const AUTHORIZER_TOKEN_PATH = '/cgi-bin/component/api_authorizer_token';
/** WeChat's refusals of a token that a caller must never see (protocol §9). */
const TOKEN_ERRCODES = new Set([40001, 40014, 42001]);
/** What the API answers to a valid call: its outcome, its acceptance, or "later". */
const CONTRACT_STATUSES = new Set([200, 202, 429, 503]);
/** Failures that say that the call may have been carried out. */
const UNCLEAR_CODES = new Set(['outcome_unknown', 'call_lost']);
/**
 * `min-replicas-max-lag` of the topology, and a second of detection: so long a primary accepts what its successor will not have.
 * What departed so long before a fault was replicated; what departs so long after a cut is not.
 */
const LOSS_WINDOW_MS = 2_000 + 1_000;

/** What the checker found in one history. Lists name each case, so that it can be found in the logs. */
export interface Findings {
  /** Requests of callers. */
  readonly requests: number;
  /** Those answered 202, or 200 with a completed call. */
  readonly accepted: number;
  readonly pushesAccepted: number;
  /** Accepted calls that WeChat never received. */
  readonly lost: readonly string[];
  /** Calls not safe to repeat that WeChat carried out more than once, without an excuse. */
  readonly sentTwice: readonly string[];
  /** The same, but departed for the first time so shortly before the fault, or on a cut-off host, that the claim may not have been replicated. */
  readonly sentTwiceInWindow: readonly string[];
  /** Calls whose request a cut-off host sent, but which arrived only when it was back. The new primary does not know that it departed. */
  readonly heldBack: readonly string[];
  /** Interactive calls that were refused, and calls of any kind that ended as failed, which WeChat carried out nevertheless. */
  readonly refusedYetSent: readonly string[];
  /** Background calls of which the API could not say whether they were accepted (503), and which were sent. */
  readonly unclearYetSent: readonly string[];
  readonly outcomeUnknown: readonly string[];
  /** Those of them that WeChat had answered, on a connection that was open. */
  readonly unknownThoughAnswered: readonly string[];
  /** Pairs of calls of one order key that were sent in the wrong order; those that were held back have lost their place. */
  readonly orderViolations: readonly string[];
  /** Pushes answered `success` that the business program never received. */
  readonly pushesLost: readonly string[];
  /** Pushes that it received under two ids, so that it cannot recognize the repetition. */
  readonly pushesTwice: readonly string[];
  /** Pushes that no attempt of WeChat could deliver: refused, so not accepted. */
  readonly pushesRefused: number;
  /** Tokens that were fetched beyond one for each expiry. */
  readonly extraTokens: number;
  readonly tokenErrors: readonly string[];
  readonly outsideContract: readonly string[];
  /** Requests that failed before the fault: then the run shows nothing. */
  readonly failedBefore: readonly string[];
  /** Requests that failed from the fault on, on hosts that were not cut off. */
  readonly failed: readonly string[];
  /** From the fault to the last answer of a failed request, on hosts that were not cut off; 0 without one. */
  readonly outageMs: number;
  /** Of the requests that succeeded from the fault on, on hosts that were not cut off: there nothing is answered before the end. */
  readonly slowestMs: number;
  /** Of the pushes that were accepted from the fault on. */
  readonly slowestPushMs: number;
  /** From the fault, or the acceptance after it, to the departure of a background call. */
  readonly slowestBackgroundMs: number;
  /** From the start of a node during the fault to its first accepted push; null: none was started; the largest integer: never. */
  readonly nodeStartMs: number | null;
  /** Answers of `/readyz` during the fault other than 200, of nodes that were neither killed nor cut off. */
  readonly notReady: readonly string[];
  /** Whether a node reported `degraded` during the fault. */
  readonly degraded: readonly string[];
}

/** Judges nothing: it counts. It is pure, and reads no log of the system under test. */
export function check(history: History): Findings {
  const { callers, wechat, moments } = history;
  const calls = callers.filter((line): line is CallLine => line.kind === 'call');
  const settled = new Map(
    callers.filter((line): line is SettledLine => line.kind === 'settled').map((line) => [line.id, line]),
  );
  const deliveries = callers.filter((line): line is DeliveryLine => line.kind === 'delivery');
  const probes = callers.filter((line): line is ProbeLine => line.kind === 'probe');
  const requests = wechat.filter((line): line is RequestLine => line.kind === 'request');
  const pushes = wechat.filter((line): line is PushLine => line.kind === 'push' && line.what === 'text');

  const sends = sendsByBody(requests);
  const lasting = { from: moments.at, to: moments.healedAt };
  const healthy = (line: CallLine) => !moments.cutHosts.includes(line.host);
  const later = calls.filter((call) => call.answeredAt >= moments.at);
  const failed = later.filter((call) => isFailed(call) && healthy(call));
  const heldBack = calls.filter((call) => isHeldBack(sendsOf(call, sends), call, moments));
  const { twice, inWindow } = repeated(calls, sends, heldBack, moments);
  const unknown = calls.filter((call) => endOf(call, settled).code === 'outcome_unknown');
  const ofPushes = pushesOf(pushes, deliveries);
  const during = probes.filter(({ at }) => at >= lasting.from && at <= lasting.to);

  return {
    requests: calls.length,
    accepted: calls.filter(isAccepted).length,
    pushesAccepted: ofPushes.accepted.size,
    lost: names(calls.filter((call) => isLost(call, settled, sends))),
    sentTwice: names(twice),
    sentTwiceInWindow: names(inWindow),
    heldBack: names(heldBack),
    ...refusedButSent(calls, settled, sends),
    outcomeUnknown: names(unknown),
    unknownThoughAnswered: names(
      unknown.filter((call) => sendsOf(call, sends).some(({ answer, connected }) => answer === 0 && connected)),
    ),
    orderViolations: orderViolations(
      calls.filter((call) => !heldBack.includes(call)),
      sends,
    ),
    pushesLost: ofPushes.lost,
    pushesTwice: ofPushes.twice,
    pushesRefused: ofPushes.refused,
    extraTokens: extraTokens(requests, moments.expiries),
    tokenErrors: names(calls.filter((call) => TOKEN_ERRCODES.has(endOf(call, settled).errcode ?? 0))),
    outsideContract: names(calls.filter((call) => isOutsideContract(call, moments))),
    failedBefore: names(calls.filter((call) => isFailed(call) && call.answeredAt < moments.at)),
    failed: names(failed),
    outageMs: Math.max(0, ...failed.map(({ answeredAt }) => answeredAt - moments.at)),
    slowestMs: Math.max(
      0,
      ...later
        .filter((call) => !isFailed(call) && healthy(call))
        .map(({ startedAt, answeredAt }) => answeredAt - startedAt),
    ),
    slowestPushMs: Math.max(
      0,
      ...pushes.filter(({ accepted, at }) => accepted && at >= moments.at).map(({ at, answeredAt }) => answeredAt - at),
    ),
    slowestBackgroundMs: slowestBackground(calls, sends, moments.at),
    nodeStartMs: nodeStart(history),
    notReady: during
      .filter(({ status, node }) => status !== 200 && node !== moments.startedNode?.node && !isOut(node, history))
      .map(({ node, status, at }) => `${node} ${status} at ${at - moments.at} ms`),
    degraded: [...new Set(during.flatMap(({ degraded }) => degraded))].toSorted(),
  };
}

type Sends = ReadonlyMap<string, readonly RequestLine[]>;

/** The messages that WeChat carried out, by the hash of their body. */
function sendsByBody(requests: readonly RequestLine[]): Sends {
  const carriedOut = requests.filter(({ path, answer }) => path === SEND_PATH && answer === 0);
  return Map.groupBy(carriedOut, ({ bodyHash }) => bodyHash ?? '');
}

function sendsOf(call: CallLine, sends: Sends): readonly RequestLine[] {
  return call.bodyHash === null ? [] : (sends.get(call.bodyHash) ?? []);
}

function isAccepted({ status, state }: CallLine): boolean {
  return status === 202 || (status === 200 && state === 'completed');
}

/** A caller that gets a 202 has succeeded; what becomes of the call is another promise. */
function isFailed(call: CallLine): boolean {
  return !isAccepted(call);
}

/** The last that the caller knows about its call. */
function endOf(
  call: CallLine,
  settled: ReadonlyMap<string, SettledLine>,
): Pick<CallLine, 'state' | 'code' | 'errcode'> {
  const later = call.status === 202 && call.id !== null ? settled.get(call.id) : undefined;
  return later ?? call;
}

/** WeChat never carried it out, and the caller was given neither an answer of WeChat's nor `outcome_unknown`. */
function isLost(call: CallLine, settled: ReadonlyMap<string, SettledLine>, sends: Sends): boolean {
  if (!isAccepted(call)) return false;
  const { state, code, errcode } = endOf(call, settled);
  if (code === 'outcome_unknown') return false;
  if (call.bodyHash === null) return state !== 'completed';
  return sendsOf(call, sends).length === 0 && !(errcode !== null && errcode !== 0);
}

/**
 * It departed on a cut-off host whose primary still accepted its claim, and arrived when the host was back; then only the former
 * primary knew of that claim.
 */
function isHeldBack(sent: readonly RequestLine[], { answeredAt }: CallLine, moments: History['moments']): boolean {
  const { at, healedAt, cutAddresses } = moments;
  return answeredAt <= at + LOSS_WINDOW_MS && sent.some((one) => one.at > healedAt && cutAddresses.includes(one.from));
}

function repeated(
  calls: readonly CallLine[],
  sends: Sends,
  heldBack: readonly CallLine[],
  { at: faultAt }: History['moments'],
) {
  const repeatedCalls = calls.filter((call) => sendsOf(call, sends).length > 1);
  const first = (call: CallLine) => Math.min(...sendsOf(call, sends).map(({ at }) => at));
  const isBefore = (call: CallLine) => first(call) >= faultAt - LOSS_WINDOW_MS && first(call) <= faultAt;
  const excused = (call: CallLine) => isBefore(call) || (heldBack.includes(call) && sendsOf(call, sends).length === 2);
  return {
    twice: repeatedCalls.filter((call) => !excused(call)),
    inWindow: repeatedCalls.filter(excused),
  };
}

function refusedButSent(
  calls: readonly CallLine[],
  settled: ReadonlyMap<string, SettledLine>,
  sends: Sends,
): Pick<Findings, 'refusedYetSent' | 'unclearYetSent'> {
  const sent = calls.filter((call) => sendsOf(call, sends).length > 0);
  const refused = sent.filter(({ status }) => status >= 400);
  const failed = sent.filter((call) => {
    const { state, code } = endOf(call, settled);
    return state === 'failed' && !UNCLEAR_CODES.has(code ?? '');
  });
  return {
    refusedYetSent: names([...refused.filter(({ stream }) => !STREAMS[stream].background), ...failed]),
    unclearYetSent: names(refused.filter(({ stream }) => STREAMS[stream].background)),
  };
}

/** One that was answered before the other was submitted must also be sent before it. */
function orderViolations(calls: readonly CallLine[], sends: Sends): string[] {
  const keyed = calls.filter((call) => call.orderKey !== null && isAccepted(call));
  const violations: string[] = [];
  for (const [key, ofKey] of Map.groupBy(keyed, ({ orderKey }) => orderKey!)) {
    const sent = ofKey.flatMap((call) => {
      const first = Math.min(...sendsOf(call, sends).map(({ at }) => at));
      return Number.isFinite(first) ? [{ call, first }] : [];
    });
    for (const former of sent) {
      const overtaking = sent.filter(
        (other) => other.call.startedAt > former.call.answeredAt && other.first < former.first,
      );
      for (const other of overtaking) violations.push(`${key}: ${nameOf(other.call)} before ${nameOf(former.call)}`);
    }
  }
  return violations;
}

function pushesOf(pushes: readonly PushLine[], deliveries: readonly DeliveryLine[]) {
  const attempts = Map.groupBy(pushes, ({ msgId }) => msgId ?? '');
  const accepted = new Map([...attempts].filter(([, tries]) => tries.some((one) => one.accepted)));
  const received = Map.groupBy(deliveries, ({ msgId }) => msgId);
  const idsOf = (msgId: string) => new Set(received.get(msgId)?.map(({ webhookId }) => webhookId));
  return {
    accepted,
    refused: attempts.size - accepted.size,
    lost: [...accepted.keys()].filter((msgId) => idsOf(msgId).size === 0),
    twice: [...attempts.keys()].filter((msgId) => idsOf(msgId).size > 1),
  };
}

/** An expiry of the account's token permits one fetch, and none of the component's token. */
function extraTokens(requests: readonly RequestLine[], expiries: number): number {
  const fetched = (path: string) => requests.filter((one) => one.path === path && one.answer === 0).length;
  return fetched(COMPONENT_TOKEN_PATH) + Math.max(0, fetched(AUTHORIZER_TOKEN_PATH) - expiries);
}

function isOutsideContract(call: CallLine, { at, cutHosts, killedNodes }: History['moments']): boolean {
  if (call.status !== 0) return !CONTRACT_STATUSES.has(call.status);
  // Only a node that was killed or that cannot be reached owes no answer.
  const excused = cutHosts.includes(call.host) || killedNodes.includes(call.host);
  return !excused || call.answeredAt < at;
}

function slowestBackground(calls: readonly CallLine[], sends: Sends, faultAt: number): number {
  const waits = calls
    .filter((call) => call.status === 202 && STREAMS[call.stream].background)
    .flatMap((call) => sendsOf(call, sends).map(({ at }) => at - Math.max(faultAt, call.answeredAt)));
  return Math.max(0, ...waits);
}

function nodeStart({ moments: { startedNode } }: History): number | null {
  if (startedNode === null) return null;
  return startedNode.firstPushAt === null ? Number.MAX_SAFE_INTEGER : startedNode.firstPushAt - startedNode.at;
}

function isOut(node: string, { moments: { cutHosts, killedNodes } }: History): boolean {
  return [...cutHosts, ...killedNodes].some((host) => host === node);
}

function names(calls: readonly CallLine[]): string[] {
  return calls.map(nameOf);
}

function nameOf({ host, stream, startedAt, id, bodyHash, status, code }: CallLine): string {
  const said = code === null ? String(status) : `${status} ${code}`;
  return `${host} ${stream} ${id ?? bodyHash?.slice(0, 12) ?? ''} (${said}, ${new Date(startedAt).toISOString()})`;
}
