import { FAULTS } from './faults/all-faults.ts';
import type { RunResult } from './results.ts';
import { judge, MEASURES, measured, type Targets, type Verdict } from './targets.ts';

type Measure = Verdict['measure'];

const START = '<!-- results: written by npm run chaos -- --report -->';
const END = '<!-- end of the results -->';

/** One run in one line, and what it missed. */
export function lineOf({ fault, seed, findings }: RunResult, verdicts: readonly Verdict[]): string {
  const missed = verdicts.filter(({ held }) => !held);
  const found = [
    `outage ${seconds(findings.outageMs)}`,
    `slowest ${seconds(findings.slowestMs)}`,
    `lost ${findings.lost.length} of ${findings.accepted}`,
    `twice ${findings.sentTwice.length} + ${findings.sentTwiceInWindow.length}`,
    `unknown ${findings.outcomeUnknown.length}`,
    `pushes lost ${findings.pushesLost.length} of ${findings.pushesAccepted}`,
    `extra tokens ${findings.extraTokens}`,
  ];
  const lines = missed.map(({ measure, value, atMost }) => {
    const cases = findings[measure];
    const examples = Array.isArray(cases) ? cases.slice(0, 5).map((one) => `\n      ${one}`) : [];
    return `\n    ${MEASURES[measure].name}: ${shown(measure, value)}, limit ${shown(measure, atMost)}${examples.join('')}`;
  });
  return `${fault} (seed ${seed}): ${found.join(', ')}${lines.length === 0 ? ' – held' : lines.join('')}`;
}

/** The page with the results between its two marks replaced. */
export function withReport(page: string, runs: ReadonlyMap<string, readonly RunResult[]>): string {
  const [from, to] = [page.indexOf(START), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error('docs/chaos.md has lost the marks between which the results are written');
  return `${page.slice(0, from)}${START}\n\n${resultsOf(runs)}\n\n${page.slice(to)}`;
}

function resultsOf(runs: ReadonlyMap<string, readonly RunResult[]>): string {
  const withRuns = FAULTS.filter(({ name }) => runs.has(name));
  const missing = FAULTS.filter(({ name }) => !runs.has(name));
  const rows = withRuns.map((fault) => rowOf(fault.name, fault.targets, runs.get(fault.name)!));
  const about = withRuns.map(({ name, what }) => `| \`${name}\` | ${what} |`);
  return [
    machinesOf([...runs.values()].flat()),
    table(['fault', 'what happens'], about),
    table(
      [
        'fault',
        'n',
        'outage (limit)',
        'slowest request',
        'accepted calls lost',
        'sent twice',
        'outcome unknown',
        'order violations',
        'accepted pushes lost',
        'extra tokens',
        'verdict',
        'seeds, commit',
      ],
      rows,
    ),
    ...(missing.length > 0 ? [`Not run: ${missing.map(({ name }) => `\`${name}\``).join(', ')}.`] : []),
    '### What was found',
    misses(withRuns, runs),
    '### The known losses, measured',
    knownLosses([...runs.values()].flat()),
  ].join('\n\n');
}

/** Every cell is the worst of all runs. */
function rowOf(name: string, targets: Targets, runs: readonly RunResult[]): string {
  const worst = (measure: Measure) => Math.max(...runs.map(({ findings }) => measured(findings, measure)));
  const sum = (measure: Measure) => runs.reduce((total, { findings }) => total + measured(findings, measure), 0);
  const limit = targets.outageMs;
  const verdicts = runs.flatMap(({ findings }) => judge(findings, targets));
  const missed = new Set(verdicts.filter(({ held }) => !held).map(({ measure }) => MEASURES[measure].name));
  const cells = [
    `\`${name}\``,
    runs.length,
    limit === undefined ? seconds(worst('outageMs')) : `${seconds(worst('outageMs'))} (${seconds(limit)})`,
    seconds(worst('slowestMs')),
    `${worst('lost')} (${sum('lost')} of ${sum('accepted')} in all)`,
    `${worst('sentTwice')}, in the window ${worst('sentTwiceInWindow')}`,
    worst('outcomeUnknown'),
    worst('orderViolations'),
    `${worst('pushesLost')} (${sum('pushesLost')} of ${sum('pushesAccepted')} in all)`,
    worst('extraTokens'),
    missed.size === 0 ? 'held' : `**not held:** ${[...missed].join(', ')}`,
    `${runs.map(({ seed }) => seed).join(', ')}; ${[...new Set(runs.map(({ commit }) => commit))].join(', ')}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function misses(faults: typeof FAULTS, runs: ReadonlyMap<string, readonly RunResult[]>): string {
  const lines = faults.flatMap(({ name, targets }) =>
    runs.get(name)!.flatMap(({ seed, findings }) =>
      judge(findings, targets)
        .filter(({ held }) => !held)
        .map(
          ({ measure, value, atMost }) =>
            `- \`${name}\`, seed ${seed}: ${MEASURES[measure].name} ${shown(measure, value)}, limit ${shown(measure, atMost)}`,
        ),
    ),
  );
  return lines.length === 0 ? 'Every promise held in every run.' : lines.join('\n');
}

function knownLosses(runs: readonly RunResult[]): string {
  const cell = (measure: Measure) => {
    const found = runs.filter(({ findings }) => measured(findings, measure) > 0);
    if (found.length === 0) return `0 in ${runs.length} runs`;
    const sum = found.reduce((total, { findings }) => total + measured(findings, measure), 0);
    const where = Map.groupBy(found, ({ fault }) => fault);
    const parts = [...where].map(
      ([fault, ones]) => `${fault} ${ones.map(({ findings }) => measured(findings, measure)).join(' + ')}`,
    );
    return `${sum} in ${runs.length} runs (${parts.join('; ')})`;
  };
  return table(
    ['what was not replicated', 'effect', 'measured'],
    [
      `| an accepted background call | lost | ${cell('lost')} |`,
      `| a push that was answered \`success\` | lost | ${cell('pushesLost')} |`,
      `| the claim of a departure | sent twice, if it departed in the window | ${cell('sentTwiceInWindow')} |`,
      `| the claim of a departure on a host that was cut off | its request arrives when the host is back: late, after later calls of its order key, perhaps for the second time | ${cell('heldBack')} |`,
      `| a stored outcome | \`outcome_unknown\` | ${cell('outcomeUnknown')} |`,
      `| the \`seen\` mark of a push, or its removal from the stream | received twice; same \`webhook-id\` or not | ${cell('pushesTwice')} under two ids |`,
      `| a lease or a fence | a token more | ${cell('extraTokens')} |`,
      `| nothing: the answer to an acceptance was lost | 503 for a background call that is sent | ${cell('unclearYetSent')} |`,
    ],
  );
}

function machinesOf(runs: readonly RunResult[]): string {
  const machines = new Set(
    runs.map(({ machine: { cores, node, redis }, hosts }) => {
      const where = hosts === 'namespaces' ? 'five network namespaces' : 'one host, without network namespaces';
      return `${cores} cores for all hosts together, Node ${node}, Redis ${redis}, ${where}`;
    }),
  );
  return `Measured on ${[...machines].join('; ')}. Each cell is the worst of all runs of its fault.`;
}

function table(heads: readonly string[], rows: readonly string[]): string {
  return [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---|').join('')}`, ...rows].join('\n');
}

function shown(measure: Measure, value: number): string {
  return MEASURES[measure].kind === 'duration' ? seconds(value) : String(value);
}

function seconds(ms: number): string {
  return ms === Number.MAX_SAFE_INTEGER ? 'never' : `${(ms / 1_000).toFixed(1)} s`;
}
