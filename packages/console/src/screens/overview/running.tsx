import type { Process, Queue, Redis } from '@wxthirdparty/sdk';
import { serverNow } from '../../api/server-clock.ts';
import type { Health } from '../../api/use-health.ts';
import { type Read, useRead } from '../../api/use-read.ts';
import { Details } from '../../ui/details.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { QuotaBar } from '../../ui/quota-bar.tsx';
import { Status, ToneMark } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { isLost, oldestOf, versionsOf } from './judge.ts';
import { ProcessTable } from './process-table.tsx';
import { QueueTable } from './queue-table.tsx';
import { words as ownWords } from './words.ts';

const SLOW_MS = 30_000;
const NOEVICTION = 'noeviction';

/** What the platform consists of: processes, Redis, database, queues. */
export function Running({ health }: { readonly health: Health | undefined }) {
  const words = useWords(ownWords);
  const processes = useRead('GET /v1/processes', {});
  const redis = useRead('GET /v1/redis', {});
  const queues = useRead('GET /v1/queues', {});
  return (
    <Section title={words.running}>
      <Facts
        facts={[
          fact(words.processes, processes, words.processesFailed, (data) => (
            <Processes processes={data.items} at={timeOf(processes)} />
          )),
          fact(words.redis, redis, words.redisFailed, (data) => <RedisLine redis={data} />),
          health && { label: words.database, value: <Status of="server" state={health.database ? 'up' : 'down'} /> },
          fact(words.queues, queues, words.queuesFailed, (data) => <Queues queues={data.items} />),
        ]}
      />
      {processes.data && (
        <Details summary={words.processDetails}>
          <ProcessTable processes={processes.data.items} at={timeOf(processes)} />
        </Details>
      )}
      {queues.data && (
        <Details summary={words.queueDetails}>
          <QueueTable queues={queues.data.items} />
        </Details>
      )}
    </Section>
  );
}

function fact<T>(label: string, read: Read<T>, failed: string, value: (data: T) => React.ReactNode): Fact {
  return {
    label,
    value: (
      <Loaded read={read} failed={failed} lines={1} compact>
        {value}
      </Loaded>
    ),
  };
}

/** The server's time when it was read: during an outage, old heartbeats do not show whether a process runs. */
function timeOf({ dataUpdatedAt }: Pick<Read<unknown>, 'dataUpdatedAt'>): number {
  return serverNow() - (Date.now() - dataUpdatedAt);
}

function Processes({ processes, at }: { readonly processes: readonly Process[]; readonly at: number }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const lost = processes.some((process) => isLost(process, at));
  const versions = versionsOf(processes);
  if (processes.length === 0) return <ToneMark tone="fault">{words.noProcesses}</ToneMark>;
  return (
    <>
      <span>{words.live(format.number(processes.length))}</span>
      <Status of="server" state={lost ? 'lost' : 'up'} />
      <span>{versions.join(', ')}</span>
      {versions.length > 1 && <ToneMark tone="attention">{words.versionsDiffer}</ToneMark>}
    </>
  );
}

function RedisLine({ redis }: { readonly redis: Redis }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const { kind, servers, evictionPolicy, aof } = redis;
  const primaries = servers.filter(({ role }) => role === 'primary');
  const replicas = servers.filter(({ role }) => role === 'replica').length;
  const up = primaries.filter((server) => server.up).length;
  const memory = primaries.flatMap((server) => server.memory ?? []);
  const used = memory.reduce((sum, one) => sum + one.used, 0);
  const max = memory.reduce((sum, one) => sum + (one.max ?? 0), 0);
  return (
    <>
      <span>{words.kinds[kind]}</span>
      <Status of="server" state={servers.every((server) => server.up) ? 'up' : 'down'} />
      <span>
        {primaries.length === 1 && primaries[0]
          ? words.primary(primaries[0].address)
          : words.masters(format.number(up), format.number(primaries.length))}
      </span>
      {(replicas > 0 || kind !== 'standalone') && <span>{words.replicas(format.number(replicas))}</span>}
      {memory.length > 0 &&
        (max > 0 ? (
          <span>
            {words.memory} <QuotaBar used={used} limit={max} bytes />
          </span>
        ) : (
          <span>{words.memoryUsed(format.bytes(used))}</span>
        ))}
      {evictionPolicy !== null && evictionPolicy !== NOEVICTION && (
        <ToneMark tone="fault">{words.wrongPolicy(evictionPolicy)}</ToneMark>
      )}
      {aof === false && <ToneMark tone="attention">{words.noAof}</ToneMark>}
    </>
  );
}

function Queues({ queues }: { readonly queues: readonly Queue[] }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const oldest = oldestOf(queues);
  const unserved = queues.filter(({ workers, waiting }) => workers === 0 && waiting > 0);
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  return (
    <>
      <Status of="server" state={unserved.length > 0 ? 'down' : oldest > SLOW_MS ? 'slow' : 'up'} />
      {waiting === 0 ? <span>{words.nothingWaits}</span> : <span>{words.waitingJobs(format.number(waiting))}</span>}
      {waiting > 0 && <span>{words.oldest(format.duration(oldest))}</span>}
      {unserved.map(({ name }) => (
        <ToneMark key={name} tone="fault">
          {words.noWorkers(name)}
        </ToneMark>
      ))}
    </>
  );
}
