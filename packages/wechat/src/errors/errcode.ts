import type { Remedy } from '../failure.ts';

export interface ErrcodeEntry {
  readonly errcode: number;
  readonly meaning: string;
  /** auth, quota, transient, permission, parameter, crypto, ok (dossier §8). */
  readonly class: string;
  /** The dossier's reaction word. */
  readonly reaction: string;
  readonly remedy: Remedy;
  /** Stable, snake_case: becomes Failure.code. */
  readonly code: string;
}

/** Always answers; numbers that nobody documented are `wechat_refused`. */
export function explainErrcode(_errcode: number): ErrcodeEntry {
  throw new Error('not yet');
}

export function isTokenRefusal(_errcode: number): boolean {
  throw new Error('not yet');
}
