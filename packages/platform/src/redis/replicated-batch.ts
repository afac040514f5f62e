import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './connect.ts';
import { translateError } from './fail-fast.ts';
import type { PipelineReply, Script, ScriptCall } from './script.ts';
import { refreshSlots } from './servers.ts';

export interface Replicated<Answer> {
  readonly answer: Answer | Error;
  /** A replica has received what the run wrote. */
  readonly isReplicated: boolean;
}

interface Batch<Keys extends readonly string[], Args extends readonly string[], Answer> {
  readonly script: Script<Keys, Args, Answer>;
  readonly runs: readonly ScriptCall<Keys, Args>[];
  /** How long one replica is waited for; undefined: none is. */
  readonly waitMs: number | undefined;
}

/** Sends runs of one script to one server, and waits for a replica. `server`: the connection to it. */
export function sendReplicated<Keys extends readonly string[], Args extends readonly string[], Answer>(
  redis: RedisClient,
  server: Redis,
  batch: Batch<Keys, Args, Answer>,
): Promise<Replicated<Answer>[]> {
  return redis instanceof Cluster ? toMaster(redis, server, batch) : inOneBatch(server, batch);
}

async function inOneBatch<Keys extends readonly string[], Args extends readonly string[], Answer>(
  server: Redis,
  { script, runs, waitMs }: Batch<Keys, Args, Answer>,
): Promise<Replicated<Answer>[]> {
  const commands = server.pipeline();
  const added = script.addTo(commands, runs);
  if (waitMs !== undefined) commands.wait(1, waitMs);
  const replies = (await commands.exec())!;
  const isReplicated = isReceived(replies[added.commands]);
  return added.read(replies.slice(0, added.commands)).map((answer) => ({ answer, isReplicated }));
}

/**
 * `WAIT` is not part of the batch: it succeeds on a server that redirects everything else, so that ioredis would not follow. A
 * run that was redirected wrote nothing, and is sent once more, by the client, which follows.
 */
async function toMaster<Keys extends readonly string[], Args extends readonly string[], Answer>(
  cluster: Cluster,
  server: Redis,
  { script, runs, waitMs }: Batch<Keys, Args, Answer>,
): Promise<Replicated<Answer>[]> {
  let isSameConnection = true;
  const onClose = () => {
    isSameConnection = false;
  };
  server.once('close', onClose);
  try {
    const commands = server.pipeline();
    const added = script.addTo(commands, runs);
    const answers = added.read((await commands.exec())!);
    const isHere = answers.map((answer) => !(answer instanceof Error && isRedirection(answer)));
    const wait = async () => {
      // On another connection it would confirm nothing.
      if (waitMs === undefined || !isSameConnection || !isHere.includes(true)) return false;
      const received = await server.wait(1, waitMs).catch(() => 0);
      return isSameConnection && received > 0;
    };
    const repeat = async () => {
      const redirected = runs.filter((_, i) => !isHere[i]);
      if (redirected.length === 0) return [];
      await refreshSlots(cluster);
      return script.batch(cluster, redirected);
    };
    const [isReplicated, repeated] = await Promise.all([wait(), repeat()]);
    // A connection that was lost may mean that another server has the slot now.
    if (!isSameConnection) void refreshSlots(cluster);
    return answers.map((answer, i) => {
      if (!isHere[i]) return { answer: repeated.shift()!, isReplicated: false };
      return { answer: answer instanceof Error ? translateError(answer) : answer, isReplicated };
    });
  } finally {
    server.off('close', onClose);
  }
}

function isReceived(reply: PipelineReply | undefined): boolean {
  return reply !== undefined && reply[0] === null && Number(reply[1]) > 0;
}

/** The slot is another server's, or on its way there. */
function isRedirection(error: Error): boolean {
  return /^(?:MOVED|ASK|TRYAGAIN) /.test(error.message);
}
