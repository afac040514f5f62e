import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from './checker.ts';
import type { Fault } from './faults/fault.ts';
import { type History, linesOf, type PushLine, type RequestLine } from './history.ts';
import { ChaosLoad } from './load.ts';
import { randomOf } from './random.ts';
import { folderOf, type RunResult, storeResult } from './results.ts';
import type { Topology } from './topology.ts';

const WARM_UP_MS = 4_000;

/** Causes one fault under load, collects the logs, and stores what the checker finds in them. */
export async function runFault(
  topology: Topology,
  fault: Fault,
  { seed, commit, redis }: { readonly seed: number; readonly commit: string; readonly redis: string },
): Promise<RunResult> {
  const startedAt = new Date().toISOString();
  const folder = folderOf({ fault: fault.name, startedAt, seed });
  await mkdir(folder, { recursive: true });
  const machine = {
    cores: availableParallelism(),
    load: Number(loadavg()[0]!.toFixed(2)),
    node: process.versions.node,
    redis,
  };
  const mark = {
    log: lastSeq(await topology.wechatLog(0)),
    deliveries: topology.endpoint.received.length,
    probes: topology.balancer.probes.length,
  };
  const load = await ChaosLoad.start(topology, { through: fault.through, seed, folder });
  try {
    await pause(WARM_UP_MS);
    const moments = await fault.inject({ topology, load, random: randomOf(seed) });
    const callers = await load.stop();
    const pushed = linesOf<RequestLine | PushLine>(await topology.wechatLog(mark.log));
    await load.drained(pushed.flatMap((line) => (line.kind === 'push' && line.accepted ? [line.msgId ?? ''] : [])));
    const wechat = linesOf<RequestLine | PushLine>(await topology.wechatLog(mark.log));
    const deliveries = topology.endpoint.received.slice(mark.deliveries);
    const probes = topology.balancer.probes.slice(mark.probes);
    await store(folder, { wechat, deliveries, probes });
    const history: History = { callers: [...callers, ...deliveries, ...probes], wechat, moments };
    const result: RunResult = {
      fault: fault.name,
      commit,
      seed,
      startedAt,
      hosts: topology.hosts.kind,
      machine,
      moments,
      findings: check(history),
    };
    await storeResult(result);
    return result;
  } finally {
    load.kill();
    // For a person who searches the cause of a finding; the checker never reads them.
    await storeOutputs(folder, topology);
  }
}

function lastSeq(log: string): number {
  return linesOf<{ seq: number }>(log).at(-1)?.seq ?? 0;
}

async function store(folder: string, logs: Record<string, readonly object[]>): Promise<void> {
  for (const [name, lines] of Object.entries(logs)) {
    await writeFile(join(folder, `${name}.ndjson`), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
}

async function storeOutputs(folder: string, topology: Topology): Promise<void> {
  for (const [name, output] of topology.outputs()) {
    await writeFile(join(folder, `${name.replaceAll(' ', '-')}.log`), output);
  }
}
