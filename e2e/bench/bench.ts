/** What one file `*.bench.ts` exports as its default, or several of: one promise about speed, measured against something beside it. */
export interface Bench {
  /** What is promised, in a few words. */
  readonly name: string;
  /** What is measured. */
  readonly measured: string;
  /** What it is measured against in the same minute on the same machine: machines differ, ratios hardly. */
  readonly against: string;
  readonly guide: Guide;
  run(): Promise<Figures>;
}

export type Guide =
  /** Of measured ÷ against. */
  | { readonly atMost: number }
  | { readonly atLeast: number }
  /** Of measured − against, in their unit. */
  | { readonly addedAtMost: number }
  /** Of measured alone; what it is measured against says how fast the machine was. */
  | { readonly measuredAtMost: number };

export interface Figures {
  /** Of both members of a round. */
  readonly unit: string;
  readonly rounds: readonly Round[];
  /** What must hold besides, whatever the time: each with whether it did. */
  readonly facts: readonly { readonly what: string; readonly holds: boolean }[];
}

/** One measurement and, right beside it, what it is measured against. */
export interface Round {
  readonly measured: number;
  readonly against: number;
}
