/** What one file `*.bench.ts` exports as its default, or several of: one promise about speed, measured against something beside it. */
export interface Bench {
  /** The promise, in a few words. */
  readonly name: string;
  /** What is measured. */
  readonly measured: string;
  /** What it is measured against in the same minute on the same machine: machines differ, ratios hardly. */
  readonly against: string;
  readonly guide: Guide;
  run(): Promise<Figures>;
}

export type Guide =
  /** A limit for measured ÷ against. */
  | { readonly atMost: number }
  | { readonly atLeast: number }
  /** A limit for measured − against, in their unit. */
  | { readonly addedAtMost: number }
  /** A limit for the measurement alone; what it is measured against shows how fast the machine was. */
  | { readonly measuredAtMost: number };

export interface Figures {
  /** The unit of both members of a round. */
  readonly unit: string;
  readonly rounds: readonly Round[];
  /** Conditions that must hold whatever the time, each with its result. */
  readonly facts: readonly { readonly what: string; readonly holds: boolean }[];
}

/** One measurement and, right beside it, what it is measured against. */
export interface Round {
  readonly measured: number;
  readonly against: number;
}
