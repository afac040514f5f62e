import { type ReadEntry, readEntry } from '../journal/stream-entry.ts';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';

const MAX_ENTRIES = 2_000;
const MAX_BYTES = 4_000_000;
/** Entries that the script reads at a time; one can have a megabyte. */
const CHUNK = 50;
const MAX_BAD = 1_000;
const START = '0-0';

const read = defineScript({
  keys: ['stream'],
  args: ['after'],
  lua: `
local found, bytes, from = {}, 0, '(' .. after
while #found < ${MAX_ENTRIES} do
  local chunk = redis.call('XRANGE', stream, from, '+', 'COUNT', ${CHUNK})
  for _, entry in ipairs(chunk) do
    for _, value in ipairs(entry[2]) do bytes = bytes + #value end
    if #found > 0 and bytes > ${MAX_BYTES} then return { 1, found } end
    found[#found + 1] = entry
  end
  if #chunk < ${CHUNK} then return { 0, found } end
  from = '(' .. chunk[#chunk][1]
end
return { 1, found }`,
  decode: ([more, found]: [more: number, found: [streamId: string, list: string[]][]]) => ({
    isLast: more === 0,
    entries: found.map(([streamId, list]) => readEntry(streamId, list)),
  }),
});

const moveToBad = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['stream', 'bad'],
  args: ['streamId', 'reason', 'retentionMs'],
  lua: `
local entry = redis.call('XRANGE', stream, streamId, streamId)[1]
if not entry then return end
local fields = entry[2]
fields[#fields + 1] = 'reason'
fields[#fields + 1] = reason
redis.call('XADD', bad, 'MAXLEN', ${MAX_BAD}, '*', unpack(fields))
redis.call('XTRIM', bad, 'MINID', ms(now - retentionMs))
redis.call('PEXPIRE', bad, retentionMs)
redis.call('XDEL', stream, streamId)`,
});

export interface StreamBatch {
  /** The stream had no more. */
  readonly isLast: boolean;
  readonly entries: readonly ReadEntry[];
}

/** Reads what is in the stream of pushes, and removes it. */
export class StreamReader {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** Resolves when there is an entry after `after`, or the time is over. `blocking`: a connection of its own. */
  async wait(blocking: RedisClient, after: string | undefined, ms: number): Promise<void> {
    await blocking.xread(
      'COUNT',
      1,
      'BLOCK',
      Math.max(1, Math.ceil(ms)),
      'STREAMS',
      this.#redis.keyspace.pushStream,
      after ?? START,
    );
  }

  /** The first entries after `after`: at most 2,000, or 4 MB if that is less. */
  read(after: string | undefined): Promise<StreamBatch> {
    return read.run(this.#redis, { stream: this.#redis.keyspace.pushStream }, { after: after ?? START });
  }

  async length(): Promise<number> {
    return this.#redis.xlen(this.#redis.keyspace.pushStream);
  }

  async remove(entries: readonly ReadEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#redis.xdel(this.#redis.keyspace.pushStream, ...entries.map(({ streamId }) => streamId));
  }

  /** Puts an entry aside that cannot be journaled, as it is; the newest thousand are kept, at most for `retentionMs`. */
  async moveToBad(streamId: string, reason: string, retentionMs: number): Promise<void> {
    const { pushStream: stream, badPushes: bad } = this.#redis.keyspace;
    await moveToBad.run(this.#redis, { stream, bad }, { streamId, reason, retentionMs });
  }
}
