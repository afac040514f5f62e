import type { JobsOptions, Queue } from 'bullmq';

/**
 * A job is a contract: who asks and who does import the same constant. Jobs carry ids and sealed things only, since
 * their data lies in clear in Redis and shows in Bull Board; each may be lost, doubled or late without harm.
 */
export interface JobContract<Payload> {
  /** Of the queue and the job alike; no `:` (BullMQ). */
  readonly queue: string;
  /** One sentence for operators, shown in Bull Board. */
  readonly description: string;
  /** A job with an id that is still kept is not added again. No `:`, not a number (BullMQ). */
  readonly idOf?: (payload: Payload) => string | undefined;
  /** One waiting and one running job of the same key, across all nodes. */
  readonly deduplicateBy?: (payload: Payload) => string;
  /** What every payload has, so that a process can recognize one that a newer version made differently. */
  readonly fields: Readonly<Record<RequiredField<Payload>, FieldKind>>;
  /** Runs until it counts as failed; `backoffMs` doubles between them. */
  readonly attempts: number;
  readonly backoffMs?: number;
  /** How many finished jobs stay for Bull Board; or for how long, where their ids must be remembered. */
  readonly keep: { readonly count: number } | { readonly ageS: number };
}

/** `any`: it must be there. */
type FieldKind = 'string' | 'number' | 'object' | 'any';

type RequiredField<Payload> = {
  [Field in keyof Payload]-?: undefined extends Payload[Field] ? never : Field & string;
}[keyof Payload];

/** The newest `format` of payloads that this version reads; a payload without the field has format 1. */
const PAYLOAD_FORMAT = 1;

/**
 * Whether this version can do the job. Payloads only gain optional fields; where that is not enough, a newer version gives the
 * payload a higher `format`, a new field, or the job a new name.
 */
export function isKnownJob<Payload>(
  contract: JobContract<Payload>,
  job: { readonly name: string; readonly data: unknown },
): job is { readonly name: string; readonly data: Payload } {
  const { name, data } = job;
  if (name !== contract.queue || typeof data !== 'object' || data === null) return false;
  const { format = PAYLOAD_FORMAT, ...fields } = data as Readonly<Record<string, unknown>>;
  if (typeof format !== 'number' || format > PAYLOAD_FORMAT) return false;
  return Object.entries<FieldKind>(contract.fields).every(([field, kind]) =>
    kind === 'any' ? fields[field] !== undefined : typeof fields[field] === kind && fields[field] !== null,
  );
}

export function defineJob<Payload>(contract: JobContract<Payload>): JobContract<Payload> {
  return contract;
}

export async function enqueue<Payload>(
  queue: Queue,
  contract: JobContract<Payload>,
  payload: Payload,
  delayMs = 0,
): Promise<void> {
  const id = contract.idOf?.(payload);
  const options: JobsOptions = {
    attempts: contract.attempts,
    removeOnComplete: 'count' in contract.keep ? contract.keep : { age: contract.keep.ageS },
    removeOnFail: { count: 1_000 },
    ...(contract.backoffMs ? { backoff: { type: 'exponential', delay: contract.backoffMs } } : {}),
    ...(id ? { jobId: id } : {}),
    ...(delayMs > 0 ? { delay: Math.ceil(delayMs) } : {}),
    ...(contract.deduplicateBy
      ? { deduplication: { id: contract.deduplicateBy(payload), keepLastIfActive: true } }
      : {}),
  };
  await queue.add(contract.queue, payload, options);
}
