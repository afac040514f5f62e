import { endpointOf } from '@wxthirdparty/wechat';
import { QUOTA_LOOK, type QuotaLook, usageOf } from '../quota/usage.ts';
import type { SharedLua } from '../redis/script.ts';
import type { Seals } from '../sealing/seals.ts';
import type { Call, CallRequest } from './call.ts';
import type { CallId } from './call-id.ts';
import { openResult, type RecordFields, toFoundCall } from './call-record.ts';
import { withQuota } from './with-quota.ts';

/** In the record of a call whose gateway reads outcomes in replies. A gateway of an earlier version reads the id only. */
export const REPLY_FORMAT = '2';
/** A larger answer is read from the record, so that a slow gateway does not make Redis hold many of them. */
const MAX_SEALED_BYTES = 8 * 1024;

/** Fields of the record that the gateway does not know itself. */
const REPLIED_FIELDS = [
  'attempts',
  'createdAt',
  'deadlineAt',
  'settledAt',
  'outcome',
  'told',
  'status',
  'errcode',
  'rid',
  'responseBytes',
] as const;

/**
 * `call_reply` returns what the waiting gateway receives of a settled call: its id, and perhaps what its record and result
 * contain, which saves the gateway from reading them. `body`: sealed, or empty. `quotas`: the key of the account's quotas without
 * a path.
 */
export const CALL_REPLY: SharedLua = {
  uses: [QUOTA_LOOK],
  lua: `
local function call_reply(id, record, quotas, body)
  local of = redis.call('HMGET', record, 'replyFormat', 'path')
  if of[1] ~= '${REPLY_FORMAT}' or #body > ${MAX_SEALED_BYTES} then return id end
  local fields = redis.call('HMGET', record, ${REPLIED_FIELDS.map((name) => `'${name}'`).join(', ')})
  return cjson.encode({ id = id, fields = fields, quota = quota_look(quotas .. of[2]) }) .. '\\n' .. body
end
`,
};

/** What Redis does not have is false. */
type Values = readonly (string | false)[];

interface Known {
  readonly id: string;
  /** In the order of `REPLIED_FIELDS`. */
  readonly fields: Values;
  readonly quota: Values;
}

/** A reply, which is only a hint: without `outcome` the record is to be read. */
export interface Reply {
  readonly id: string;
  readonly outcome?: { readonly fields: RecordFields; readonly quota: QuotaLook; readonly sealed: Buffer };
}

const BRACE = '{'.charCodeAt(0);
const NEWLINE = '\n'.charCodeAt(0);

/** Undefined if it is none that this version reads. */
export function readReply(message: Buffer): Reply | undefined {
  if (message[0] !== BRACE) return { id: message.toString('utf8') };
  const end = message.indexOf(NEWLINE);
  let known: Known;
  try {
    known = JSON.parse(message.toString('utf8', 0, end)) as Known;
  } catch {
    return undefined;
  }
  const { id, fields, quota } = known;
  if (typeof id !== 'string' || !Array.isArray(fields) || !Array.isArray(quota)) return undefined;
  const named = REPLIED_FIELDS.flatMap((name, i) => (known.fields[i] ? [[name, known.fields[i]]] : []));
  const look = known.quota.map((value) => (value === false ? null : value));
  return { id, outcome: { fields: Object.fromEntries(named), quota: look, sealed: message.subarray(end + 1) } };
}

/** The settled call of a reply to the gateway that has submitted it. Throws Failure `unsealable`. */
export function settledCallOf(
  seals: Seals,
  call: CallId,
  { method, path, body: requested }: CallRequest,
  { fields, quota, sealed }: Required<Reply>['outcome'],
): Call {
  const body = fields.outcome === 'completed' ? openResult(seals, call, sealed) : undefined;
  const requestBytes = String(requested?.length ?? 0);
  const own = { state: 'settled', background: '0', method, path, requestBytes };
  const found = toFoundCall(call, { ...fields, ...own }, () => body);
  return withQuota(found, usageOf(quota, Number(fields.settledAt), endpointOf(method, path)));
}
