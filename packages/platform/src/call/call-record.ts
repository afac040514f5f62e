import { Failure } from '@wxthirdparty/wechat';
import type { Keyspace } from '../redis/keys.ts';
import type { Seals } from '../sealing/seals.ts';
import type { Call, CallAnswered, CallFailure, CallRequest, CallResponse, CallState, CallSummary } from './call.ts';
import type { CallId } from './call-id.ts';

/**
 * For so long after its departure, and after each renewal, a call belongs to the run that sent it: longer than a failover of
 * Redis, so that the hold of a live process does not end meanwhile, and shorter than queued work may wait for a dead one.
 */
export const HELD_MS = 8_000;

/** How long the outcome of an interactive call can be read once it is stored. */
export const INTERACTIVE_TTL_MS = 15 * 60_000;

/** What a run reads of a call. */
export interface StoredCall {
  /** Redis' clock (ms). */
  readonly now: number;
  readonly settled: boolean;
  readonly background: boolean;
  /** A replica must confirm its claim before it departs. */
  readonly durable?: boolean;
  readonly hasCallback: boolean;
  /** The process in which the caller waits for the outcome. */
  readonly replyTo: string | undefined;
  readonly deadlineAt: number;
  /** An earlier run has claimed it, and may have sent it. */
  readonly departed?: boolean;
  readonly attempts: number;
  /** Tokens of ours that WeChat has refused for this call. */
  readonly refusals: number;
  /** For how long the call still belongs to the run that sent it (ms); not above 0 if that time is over. */
  readonly heldMs: number;
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly contentType: string | undefined;
  readonly body: Buffer | undefined;
  /** Since it was accepted, or due (ms). */
  readonly waitedMs: number;
  /** Undefined also if the answer contains no token of a user. */
  readonly keyFingerprint: string | undefined;
  /** The id of the key with which it was requested. */
  readonly keyId?: string | undefined;
  /** Why query and body are missing. `no_key`: a process with another SECRETS_KEY may open them. `damaged`: no process can. */
  readonly unreadable?: 'no_key' | 'damaged' | undefined;
}

/** A call without its quota, which is not part of the record. */
export type FoundCall = Omit<Call, 'quota'>;

export type Outcome =
  | {
      readonly state: 'completed';
      readonly response: CallResponse;
      /** As WeChat's answer states them, if it is JSON. */
      readonly errcode?: number | undefined;
      readonly rid?: string | undefined;
    }
  | { readonly state: 'failed'; readonly failure: CallFailure };

export type RecordFields = Readonly<Record<string, string>>;

/** The keys of one call; all of them are in its account's slot. */
export function keysOf(keyspace: Keyspace, { component, appid, id }: CallId) {
  return {
    record: keyspace.call(component, appid, id),
    request: keyspace.callRequest(component, appid, id),
    result: keyspace.callResult(component, appid, id),
    callback: keyspace.callCallback(component, appid, id),
    index: keyspace.callIndex(component, appid),
    /** Of the account's idempotency keys, without their hash. */
    idempotency: keyspace.idempotency(component, appid, ''),
  };
}

/** The last part of its id names a call inside its account. */
export function lastPartOf({ id }: CallId): string {
  return id.slice(id.lastIndexOf('.') + 1);
}

export function sealRequest(seals: Seals, call: CallId, { query, contentType, body }: CallRequest): Buffer {
  const head = Buffer.from(JSON.stringify({ query, contentType }), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return seals.sealBytes(Buffer.concat([length, head, body ?? Buffer.alloc(0)]), place(call, 'request'));
}

export function sealResult(seals: Seals, call: CallId, { body }: CallResponse): Buffer {
  return seals.sealBytes(body, place(call, 'result'));
}

export function openResult(seals: Seals, call: CallId, sealed: Buffer): Buffer {
  return seals.openBytes(sealed, place(call, 'result'));
}

export function sealCallbackUrl(seals: Seals, call: CallId, url: string): Buffer {
  return seals.sealBytes(Buffer.from(url), place(call, 'callback'));
}

export function openCallbackUrl(seals: Seals, call: CallId, sealed: Buffer): string {
  return seals.openBytes(sealed, place(call, 'callback')).toString('utf8');
}

/** Of a flat list of fields and values. */
export function fieldsOf(flat: readonly (string | Buffer)[]): RecordFields {
  const fields: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) fields[String(flat[i])] = String(flat[i + 1]);
  return fields;
}

/** `channelPrefix`: of the channels of all gateways. */
export function toStoredCall(
  call: CallId,
  now: number,
  fields: RecordFields,
  sealedRequest: Buffer | null,
  { seals, channelPrefix }: { readonly seals: Seals; readonly channelPrefix: string },
): StoredCall {
  const settled = fields.state === 'settled';
  const request = settled ? undefined : openRequest(seals, call, sealedRequest);
  return {
    now,
    settled,
    background: fields.background === '1',
    durable: fields.durable === '1',
    hasCallback: fields.hasCallback !== undefined,
    replyTo: fields.channel?.slice(channelPrefix.length),
    deadlineAt: Number(fields.deadlineAt),
    departed: fields.state === 'sent',
    attempts: Number(fields.attempts),
    refusals: Number(fields.refusals ?? 0),
    heldMs: fields.state === 'sent' ? heldUntil(fields) - now : 0,
    method: fields.method!,
    path: fields.path!,
    query: request?.query ?? [],
    contentType: request?.contentType,
    body: fields.hasBody === '1' ? request?.body : undefined,
    waitedMs: Math.max(0, now - Math.max(Number(fields.createdAt), Number(fields.notBeforeAt ?? 0))),
    keyFingerprint: fields.key,
    keyId: fields.by,
    unreadable: request?.unreadable,
  };
}

/** `openBody` returns undefined if the result is no longer kept; an empty result is kept, too. */
export function toFoundCall(call: CallId, fields: RecordFields, openBody: () => Buffer | undefined): FoundCall {
  const summary = toSummary(call, fields);
  if (fields.outcome !== 'completed') return { ...summary, response: null };
  try {
    const body = openBody();
    if (body === undefined) return { ...summary, response: null };
    const headers = JSON.parse(fields.told!) as Record<string, string>;
    return { ...summary, response: { status: Number(fields.status), headers, body } };
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'unsealable')) throw error;
    return { ...summary, state: 'failed', response: null, failure: resultUnreadable };
  }
}

export function toSummary(call: CallId, fields: RecordFields): CallSummary {
  return {
    id: call.id,
    component: call.component,
    appid: call.appid,
    method: fields.method!,
    path: fields.path!,
    requestBytes: fields.requestBytes === undefined ? null : Number(fields.requestBytes),
    background: fields.background === '1',
    keyId: fields.by ?? null,
    state: stateOf(fields),
    attempts: Number(fields.attempts),
    createdAt: new Date(Number(fields.createdAt)),
    deadlineAt: new Date(Number(fields.deadlineAt)),
    notBeforeAt: fields.notBeforeAt ? new Date(Number(fields.notBeforeAt)) : null,
    settledAt: fields.settledAt ? new Date(Number(fields.settledAt)) : null,
    answered: fields.outcome === 'completed' ? answeredOf(fields) : null,
    failure: fields.outcome === 'failed' ? (JSON.parse(fields.told!) as CallFailure) : null,
  };
}

/** A process of an earlier version stores only the status. */
function answeredOf({ status, errcode, rid, responseBytes }: RecordFields): CallAnswered {
  return {
    status: Number(status),
    errcode: errcode ? Number(errcode) : null,
    rid: rid || null,
    bytes: responseBytes === undefined ? null : Number(responseBytes),
  };
}

/** Not a code of its own, because repeating the call would carry it out twice. */
const resultUnreadable: CallFailure = {
  code: 'outcome_unknown',
  remedy: 'operator',
  message: 'WeChat answered, but no SECRETS_KEY of this process opens the stored answer. Look it up at WeChat.',
};

function openRequest(
  seals: Seals,
  call: CallId,
  sealed: Buffer | null,
): Partial<CallRequest> & Pick<StoredCall, 'unreadable'> {
  if (!sealed) return { unreadable: 'damaged' };
  try {
    const plain = seals.openBytes(sealed, place(call, 'request'));
    const bodyAt = 4 + plain.readUInt32BE(0);
    const { query, contentType } = JSON.parse(plain.toString('utf8', 4, bodyAt)) as CallRequest;
    return { query, contentType, body: plain.subarray(bodyAt) };
  } catch {
    return { unreadable: seals.hasKeyOf(sealed) ? 'damaged' : 'no_key' };
  }
}

function stateOf(fields: RecordFields): CallState {
  if (fields.state === 'settled') return fields.outcome as CallState;
  if (fields.state === 'sent') return 'running';
  const until = Math.max(Number(fields.delayedUntil ?? 0), Number(fields.notBeforeAt ?? 0));
  return until > Date.now() ? 'delayed' : 'queued';
}

/** A process of an earlier version stores only when it sent the call. */
function heldUntil({ heldUntil, sentAt }: RecordFields): number {
  return Number(heldUntil ?? Number(sentAt) + HELD_MS);
}

function place(call: CallId, field: 'request' | 'result' | 'callback'): string {
  return `${call.component}/${call.appid}/call:${call.id}:${field}`;
}
