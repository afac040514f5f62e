import { Cluster, Redis } from 'ioredis';
import { uncoveredSlots } from './describe-servers.ts';

const ASK_TIMEOUT_MS = 1_500;

/**
 * Sentences for the operator: why no connection to Redis came about, and what helps. They contain no password. `last`: the
 * last error of the connection.
 */
export async function whyUnreachable(redis: Redis | Cluster, last: Error | undefined): Promise<string> {
  const refused = last && whyRefused(last);
  if (refused) return refused;
  if (redis instanceof Cluster) return whyClusterIsDown(redis, last);
  if (redis.options.sentinels) return await whyNoPrimary(redis, last);
  return doesNotAnswer('Redis', last);
}

function doesNotAnswer(what: string, last: Error | undefined): string {
  return `${what} does not answer (${last?.message ?? 'no answer'}); is it running, and is REDIS_URL right?`;
}

function whyRefused({ message }: Error): string | undefined {
  if (message.startsWith('NOAUTH ')) {
    return 'Redis requires a password; write it into REDIS_URL, percent-encoded, like redis://:PASSWORD@HOST.';
  }
  if (isWrongPassword(message)) return 'Redis refuses the user name or the password in REDIS_URL.';
  if (message.includes('cluster support disabled')) {
    return 'REDIS_URL names a server that is not in a Redis Cluster; begin it with redis:// or redis+sentinel://.';
  }
  return undefined;
}

function isWrongPassword(message: string): boolean {
  return message.startsWith('WRONGPASS ') || message.startsWith('ERR AUTH ');
}

function whyClusterIsDown(cluster: Cluster, last: Error | undefined): string {
  const uncovered = uncoveredSlots(cluster);
  // Without any server, no slot is known.
  if (uncovered !== undefined && cluster.slots.length > 0) return uncovered;
  return doesNotAnswer('The Redis Cluster', last);
}

/** What a Sentinel reports about the primary. */
type View =
  | { readonly what: 'primary'; readonly address: string }
  | { readonly what: 'unknown-name'; readonly names: readonly string[] }
  | { readonly what: 'refused' | 'no-sentinel' | 'unreachable' };

async function whyNoPrimary(redis: Redis, last: Error | undefined): Promise<string> {
  const { sentinels = [], name } = redis.options;
  const views = await Promise.all(sentinels.map((sentinel) => askSentinel(redis, sentinel)));
  const [first] = views
    .filter(({ what }) => what === 'primary')
    .concat(views.filter(({ what }) => what !== 'unreachable'));
  switch (first?.what) {
    case 'primary':
      return doesNotAnswer(`${first.address}, which the Sentinels name as the primary,`, last);
    case 'unknown-name': {
      const others = first.names.length > 0 ? `they watch ${first.names.join(', ')}` : 'they watch none';
      return `The Sentinels watch no master with the name ${name}; ${others}. Correct the end of REDIS_URL.`;
    }
    case 'refused':
      return 'The Sentinels require a password, or another one; add the parameter sentinelPassword (and sentinelUser) to REDIS_URL.';
    case 'no-sentinel':
      return 'REDIS_URL names servers that are no Sentinels; their usual port is 26379, and one Redis server alone is redis://HOST.';
    case 'unreachable':
    case undefined: {
      const list = sentinels.map(({ host, port }) => `${host}:${port}`).join(', ');
      return `No Sentinel answers (${list}); are they running, and are their addresses in REDIS_URL right?`;
    }
    default:
      throw new Error(first satisfies never);
  }
}

async function askSentinel(
  { options: { name, sentinelUsername, sentinelPassword, sentinelTLS } }: Redis,
  { host, port }: { readonly host?: string | undefined; readonly port?: number | undefined },
): Promise<View> {
  const sentinel = new Redis({
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    ...(sentinelTLS === undefined ? {} : { tls: sentinelTLS }),
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: ASK_TIMEOUT_MS,
    commandTimeout: ASK_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reported: Error | undefined;
  sentinel.on('error', (error: Error) => {
    reported = error;
  });
  try {
    await sentinel.connect();
    const primary = await sentinel.call('SENTINEL', 'get-master-addr-by-name', String(name));
    if (Array.isArray(primary)) return { what: 'primary', address: primary.join(':') };
    const masters = await sentinel.call('SENTINEL', 'masters');
    // Each is a flat list of names and values, of which the first is the name.
    return { what: 'unknown-name', names: (masters as string[][]).map(([, master]) => String(master)) };
  } catch (error) {
    return { what: whyNoView(reported ?? error) };
  } finally {
    sentinel.disconnect();
  }
}

function whyNoView(error: unknown): 'refused' | 'no-sentinel' | 'unreachable' {
  if (!(error instanceof Error)) return 'unreachable';
  if (error.message.startsWith('NOAUTH ') || isWrongPassword(error.message)) return 'refused';
  return error.message.startsWith('ERR unknown command') ? 'no-sentinel' : 'unreachable';
}
