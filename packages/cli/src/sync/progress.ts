import type { ShownSync } from './shown-sync.ts';

const BAR = 30;
/** Without a terminal: a line for each tenth, and for each change of phase. */
const STEPS = 10;

export interface Progress {
  readonly show: (sync: ShownSync) => void;
  end(): void;
}

/** A moving bar on a terminal, lines everywhere else. */
export function progressOf(out: NodeJS.WriteStream): Progress {
  return out.isTTY ? bar(out) : lines(out);
}

function bar(out: NodeJS.WriteStream): Progress {
  let shown = false;
  return {
    show(sync) {
      const done = Math.round(share(sync) * BAR);
      const line = `[${'#'.repeat(done)}${'.'.repeat(BAR - done)}] ${words(sync)}`;
      out.write(`\r\x1b[2K${line.slice(0, (out.columns ?? 120) - 1)}`);
      shown = true;
    },
    end() {
      if (shown) out.write('\n');
    },
  };
}

function lines(out: NodeJS.WriteStream): Progress {
  let last = '';
  return {
    show(sync) {
      const step = `${sync.state} ${sync.phase} ${Math.floor(share(sync) * STEPS)} ${sync.waitingUntil !== null}`;
      if (step === last) return;
      last = step;
      out.write(`${words(sync)}\n`);
    },
    end() {},
  };
}

/** The share of the work that is done. Listing needs a hundredth of the requests of details. */
export function share({ state, phase, details, listed, detailed, total }: ShownSync): number {
  if (state === 'completed') return 1;
  if (total === null || total === 0) return 0;
  const of = (count: number) => Math.min(1, count / total);
  if (!details) return phase === 'listing' ? of(listed) * 0.9 : 0.9;
  return phase === 'finishing' ? 0.99 : of(listed) * 0.05 + of(detailed) * 0.94;
}

export function words(sync: ShownSync): string {
  const { state, phase, listed, detailed, total, ratePerSecond, waitingUntil, error } = sync;
  const count = phase === 'listing' || !sync.details ? listed : detailed;
  const parts = [
    `${String(Math.floor(share(sync) * 100)).padStart(3)} %`,
    state === 'running' ? phase : state,
    total === null ? '' : `${count.toLocaleString('en')} of ${total.toLocaleString('en')}`,
    ratePerSecond === null || state !== 'running' ? '' : `${ratePerSecond.toLocaleString('en')}/s`,
    waitingUntil === null ? '' : `waits until ${waitingUntil}${error ? ` (${error.message})` : ''}`,
  ];
  return parts.filter((part) => part !== '').join('  ');
}
