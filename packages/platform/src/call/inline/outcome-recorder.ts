import type { Events } from '../../events.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { inBatches } from '../../redis/in-batches.ts';
import { defineScript } from '../../redis/script.ts';
import { untilStored } from '../../request/until-stored.ts';
import type { CallId } from '../call-id.ts';
import { INDEX } from '../call-index.ts';
import { type FoundCall, INTERACTIVE_TTL_MS, keysOf, lastPartOf } from '../call-record.ts';
import { hasFailed } from '../has-failed.ts';

/** How a call without a record ended. */
export interface InlineOutcome {
  readonly call: CallId;
  readonly found: FoundCall;
  /** In microseconds of Redis' clock: calls are listed by it. */
  readonly createdMicros: number;
  /** What happened to it (`EventsInMemory`), which is recorded of failures only. */
  readonly events: readonly string[];
}

const FIELDS = [
  'method',
  'path',
  'attempts',
  'createdAt',
  'deadlineAt',
  'settledAt',
  'outcome',
  'told',
  'status',
  'errcode',
  'rid',
  'requestBytes',
  'responseBytes',
] as const;
/** Of each call: its last part, its microsecond, its key, its events in lines, and `FIELDS`. */
const FIRST_VALUES = 4;
const VALUES = FIRST_VALUES + FIELDS.length;
/** So that a script stays short, and so does what it unpacks. */
const MAX_AT_ONCE = 100;

/** The calls of one account. A record that exists stays as it is. */
const recordAll = defineScript({
  uses: [INDEX],
  keys: ['index', '...records'],
  args: ['...values'],
  lua: `
for i, record in ipairs(records) do
  if redis.call('EXISTS', record) == 0 then
    local v = (i - 1) * ${VALUES}
    redis.call('HSET', record, 'state', 'settled', 'background', '0',
      ${FIELDS.map((field, i) => `'${field}', values[v + ${i + FIRST_VALUES + 1}]`).join(', ')})
    if values[v + 3] ~= '' then redis.call('HSET', record, 'by', values[v + 3]) end
    local n = 0
    for event in string.gmatch(values[v + 4], '[^\\n]+') do
      n = n + 1
      redis.call('HSET', record, 'e' .. n, event, 'events', n)
    end
    redis.call('PEXPIRE', record, ${INTERACTIVE_TTL_MS})
    index_add(index, values[v + 1], ${INTERACTIVE_TTL_MS}, values[v + 2])
  end
end`,
});

/**
 * Stores how calls without a record ended, after their callers have WeChat's answer: one script for each account and iteration
 * of the event loop. What Redis refuses is repeated for ten seconds, and then reported as `calls-unrecorded`.
 */
export class OutcomeRecorder {
  readonly #redis: RedisClient;
  readonly #events: Events;
  readonly #timeoutMs: number | undefined;
  readonly #running = new Set<Promise<unknown>>();
  readonly #enqueue = inBatches<InlineOutcome, true>((outcomes) => this.#recordAll(outcomes));

  /** `timeoutMs`: for how long what Redis refuses is repeated; 10 s if missing. */
  constructor(redis: RedisClient, events: Events, timeoutMs?: number) {
    this.#redis = redis;
    this.#events = events;
    this.#timeoutMs = timeoutMs;
  }

  record(outcome: InlineOutcome): void {
    const running = this.#enqueue(outcome).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Ends when all that was recorded so far is stored, or counted as lost. */
  async flush(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #recordAll(outcomes: readonly InlineOutcome[]): Promise<true[]> {
    const byIndex = Map.groupBy(outcomes, ({ call }) => keysOf(this.#redis.keyspace, call).index);
    await Promise.all(
      [...byIndex].map(async ([index, all]) => {
        for (let from = 0; from < all.length; from += MAX_AT_ONCE) {
          await this.#recordSome(index, all.slice(from, from + MAX_AT_ONCE));
        }
      }),
    );
    return outcomes.map(() => true);
  }

  async #recordSome(index: string, outcomes: readonly InlineOutcome[]): Promise<void> {
    const records = outcomes.map(({ call }) => keysOf(this.#redis.keyspace, call).record);
    const values = outcomes.flatMap(valuesOf);
    try {
      await untilStored(() => recordAll.run(this.#redis, { index, records }, { values }), this.#timeoutMs);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#events.publish('calls-unrecorded', { count: outcomes.length, message });
    }
  }
}

function valuesOf({ call, found, createdMicros, events }: InlineOutcome): (string | number)[] {
  const { response, answered, failure, state } = found;
  const values: Record<(typeof FIELDS)[number], string | number> = {
    method: found.method,
    path: found.path,
    attempts: found.attempts,
    createdAt: found.createdAt.getTime(),
    deadlineAt: found.deadlineAt.getTime(),
    settledAt: found.settledAt!.getTime(),
    outcome: state,
    told: JSON.stringify(failure ?? response?.headers ?? {}),
    status: answered?.status ?? 0,
    errcode: answered?.errcode ?? '',
    rid: answered?.rid ?? '',
    requestBytes: found.requestBytes ?? 0,
    responseBytes: answered?.bytes ?? 0,
  };
  const lines = hasFailed(found) ? events.join('\n') : '';
  return [lastPartOf(call), createdMicros, found.keyId ?? '', lines, ...FIELDS.map((field) => values[field])];
}
