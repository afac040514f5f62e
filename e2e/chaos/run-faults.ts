import { execFileSync } from 'node:child_process';
import { FAULTS } from './faults/all-faults.ts';
import { type HostKind, Hosts } from './hosts.ts';
import { lineOf } from './report.ts';
import type { RunResult } from './results.ts';
import { runFault } from './run-fault.ts';
import { exitCodeOf, judge } from './targets.ts';
import { Topology } from './topology.ts';

/** What the process on the host `wx` does, as JSON in the variable `CHAOS`. */
export interface Plan {
  readonly run: string;
  readonly hosts: HostKind;
  readonly commit: string;
  readonly runs: readonly { readonly fault: string; readonly seed: number }[];
}

/** Between two runs of one topology: waiting for steady servers, outcomes and deliveries. */
const OVERHEAD_MS = 8_000;
const TOPOLOGY_MS = 20_000;

async function runPlan(plan: Plan): Promise<0 | 1 | 2> {
  const hosts = new Hosts(plan.run, plan.hosts);
  const redis = /v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';
  const faults = plan.runs.map(({ fault, seed }) => ({ fault: FAULTS.find(({ name }) => name === fault)!, seed }));
  const kinds = new Set(faults.map(({ fault }) => fault.topology));
  const expectedMs =
    faults.reduce((sum, { fault }) => sum + fault.expectedMs + OVERHEAD_MS, 0) + kinds.size * TOPOLOGY_MS;
  console.log(`${faults.length} runs, about ${Math.ceil(expectedMs / 60_000)} minutes on an idle machine\n`);
  let topology: Topology | undefined;
  let interrupted = false;
  const interrupt = () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    void (topology?.close() ?? Promise.resolve()).finally(() => process.exit(130));
  };
  process.on('SIGTERM', interrupt);
  process.on('SIGINT', interrupt);
  const codes: (0 | 1 | 2)[] = [];
  try {
    for (const { fault, seed } of faults) {
      if (topology?.kind !== fault.topology) {
        await topology?.close();
        topology = await Topology.open(fault.topology, hosts);
      }
      const result: RunResult = await runFault(topology, fault, { seed, commit: plan.commit, redis });
      const verdicts = judge(result.findings, fault.targets);
      codes.push(exitCodeOf(verdicts));
      console.log(lineOf(result, verdicts));
      await topology.steady();
    }
  } finally {
    if (!interrupted) await topology?.close();
  }
  return codes.includes(1) ? 1 : codes.includes(2) ? 2 : 0;
}

process.exitCode = await runPlan(JSON.parse(process.env.CHAOS!) as Plan);
