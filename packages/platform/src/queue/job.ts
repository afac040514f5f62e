import type { JobsOptions, Queue } from 'bullmq';

/**
 * Producer and processor import the same contract. A job carries only ids and sealed values, because its data is in clear in
 * Redis and on Bull Board. Any job may be lost, duplicated or late without harm.
 */
export interface JobContract<Payload> {
  /** The name of the queue and of its jobs. No `:` (BullMQ). */
  readonly queue: string;
  /** One sentence for operators, shown on Bull Board. */
  readonly description: string;
  /** While BullMQ keeps a job with this id, another one is not added. No `:`, not a number (BullMQ). */
  readonly idOf?: (payload: Payload) => string | undefined;
  /** One waiting and one running job with the same key, across all nodes. */
  readonly deduplicateBy?: (payload: Payload) => string;
  /** The required fields of the payload, by which a process recognizes a payload that a newer version has changed. */
  readonly fields: Readonly<Record<RequiredField<Payload>, FieldKind>>;
  /** Runs before the job counts as failed; `backoffMs` doubles between them. */
  readonly attempts: number;
  readonly backoffMs?: number;
  /** While the database is unreachable the job waits: it would ask WeChat for what could not be stored. */
  readonly needsDatabase?: true;
  /** How many finished jobs stay on Bull Board; or for how long, if their ids must be remembered. */
  readonly keep: { readonly count: number } | { readonly ageS: number };
}

/** What happens to a job after its run; undefined: it is finished. */
export type JobDisposition = { readonly delayMs: number } | { readonly requeue: true } | undefined;

/** `any`: present, of any type. */
type FieldKind = 'string' | 'number' | 'object' | 'any';

type RequiredField<Payload> = {
  [Field in keyof Payload]-?: undefined extends Payload[Field] ? never : Field & string;
}[keyof Payload];

/** The newest `format` of payloads that this version reads; a payload without the field has format 1. */
const PAYLOAD_FORMAT = 1;

/**
 * Whether this version can run the job. Payloads only gain optional fields; where that is not enough, a newer version gives the
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
