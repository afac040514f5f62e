import type { BothLanguages } from '../release-check/check-texts.ts';

/** Something that a check objects to. `warn`: everything works, but not for long, or not under every load. */
export interface Fault {
  readonly status: 'warn' | 'fail';
  /** Stable, snake_case. */
  readonly code: string;
  readonly cause: BothLanguages;
  readonly remedy: BothLanguages;
  /** What carries the remedy out or shows more; null: no single command does. */
  readonly command: string | null;
}

/** What one check has found. */
export type Finding =
  | {
      /** None: everything is in order. */
      readonly faults: readonly Fault[];
      /** What was read, in words that need no translation: addresses, versions, numbers. */
      readonly found: string | null;
    }
  /** It could not be judged. */
  | { readonly skipped: BothLanguages; readonly remedy: BothLanguages | null };

/** Thrown where a check cannot go on, since something that another check judges is missing. */
export class NotJudged extends Error {
  override readonly name = 'NotJudged';
  readonly finding: Finding & { readonly skipped: BothLanguages };

  constructor(skipped: BothLanguages, remedy: BothLanguages | null) {
    super(skipped.en);
    this.finding = { skipped, remedy };
  }
}

export function text(en: string, zh: string): BothLanguages {
  return { zh, en };
}

/** What another system or a library says, in its own language. */
export function quoted(words: string): BothLanguages {
  return { zh: `「${words}」`, en: `“${words}”` };
}

type FaultTexts = Omit<Fault, 'status' | 'command'> & { readonly command?: string | undefined };

export function failing({ command = undefined, ...texts }: FaultTexts): Fault {
  return { ...texts, status: 'fail', command: command ?? null };
}

export function warning({ command = undefined, ...texts }: FaultTexts): Fault {
  return { ...texts, status: 'warn', command: command ?? null };
}
