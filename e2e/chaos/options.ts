import { parseArgs } from 'node:util';
import { FAULTS } from './faults/all-faults.ts';
import type { Fault } from './faults/fault.ts';

export interface Options {
  readonly faults: readonly Fault[];
  readonly runs: number;
  /** Of the first run; each further run has the next one. */
  readonly seed: number;
  /** Faults of which as many runs of the same commit are stored are not run again. */
  readonly resume: boolean;
  /** Write the report from the stored results. */
  readonly report: boolean;
  /** False: nothing but the report was requested. */
  readonly run: boolean;
}

/** A mistake of the command line; the message is one sentence. */
export class OptionsError extends Error {}

const USAGE = `npm run chaos -- [--fault NAME]... [--runs 3] [--seed N] [--resume] [--report]
  --fault NAME  only this fault: ${FAULTS.map(({ name }) => name).join(', ')}
  --runs 3      how often each fault is caused
  --seed N      the seed of the first run; random by default
  --resume      faults that have their runs of this commit already are skipped
  --report      writes docs/chaos.md from the stored results; alone, it runs nothing`;

export function readOptions(args: readonly string[], randomSeed: number): Options {
  const { values } = parsed(args);
  const known = new Map(FAULTS.map((fault) => [fault.name, fault]));
  const unknown = values.fault?.find((name) => !known.has(name));
  if (unknown !== undefined) throw new OptionsError(`--fault ${unknown} is unknown; known are ${[...known.keys()]}.`);
  const chosen = FAULTS.filter(({ name }) => values.fault === undefined || values.fault.includes(name));
  return {
    faults: chosen,
    runs: wholeNumber('--runs', values.runs, 3, 1),
    seed: wholeNumber('--seed', values.seed, randomSeed, 0),
    resume: values.resume ?? false,
    report: values.report ?? false,
    run: !values.report || values.fault !== undefined || values.runs !== undefined,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        fault: { type: 'string', multiple: true },
        runs: { type: 'string' },
        seed: { type: 'string' },
        resume: { type: 'boolean' },
        report: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new OptionsError(`${(error as Error).message}\n${USAGE}`);
  }
}

function wholeNumber(name: string, text: string | undefined, otherwise: number, least: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || value > 1_000_000_000) {
    throw new OptionsError(`${name} must be a whole number from ${least} to 1000000000.`);
  }
  return value;
}
