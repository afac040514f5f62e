import { setTimeout as pause } from 'node:timers/promises';
import { ERRCODE } from '@wxthirdparty/wechat';
import type { Components } from '../component/components.ts';
import type { AuthorizationOutcome, CodeIntake } from './code-intake.ts';
import { hashOfCode } from './code-ties.ts';

const POLL_INTERVAL_MS = 100;
const RETRY_INTERVAL_MS = 2_000;

export interface ExchangeWait {
  /** How long to wait for the outcome; the exchange itself continues afterwards. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Wait for the profile of the account, too. If it takes longer than `waitMs`, the outcome is returned without it. */
  readonly withProfile: boolean;
}

/** The exchange of a code by its one job, for everything that waits for the outcome: a browser's redirect, or a program. */
export class CodeExchange {
  readonly #codes: CodeIntake;
  readonly #components: Components;

  constructor(codes: CodeIntake, components: Components) {
    this.#codes = codes;
    this.#components = components;
  }

  /**
   * Requests the exchange, unless it was requested before, and waits for its outcome, which is kept for two hours. `pending`: ask
   * again. Throws Failure `unknown_component`.
   */
  async run(
    componentAppid: string,
    code: string,
    { waitMs, signal, withProfile }: ExchangeWait,
  ): Promise<AuthorizationOutcome | 'pending'> {
    const component = this.#components.get(componentAppid).appid;
    const codeHash = hashOfCode(component, code);
    const until = performance.now() + waitMs;
    let askedAt = Number.NEGATIVE_INFINITY;
    for (;;) {
      const outcome = await this.#codes.outcome(component, codeHash);
      const late = performance.now() >= until || signal.aborted;
      const isWhole = !withProfile || outcome?.outcome === 'failed' || outcome?.profile !== 'pending';
      if (outcome && (late || isWhole)) return outcome;
      // A Redis that lost everything lost the job, too; an existing job is not added twice.
      if (!outcome && performance.now() - askedAt >= RETRY_INTERVAL_MS) {
        if (await this.#isOfAnother(component, code)) return codeOfAnother;
        askedAt = performance.now();
        await this.#codes.ask(component, code);
      }
      if (late) return 'pending';
      await pause(POLL_INTERVAL_MS);
    }
  }

  /** WeChat would refuse it, and might count it as used. */
  async #isOfAnother(component: string, code: string): Promise<boolean> {
    const others = this.#components.all().filter(({ appid }) => appid !== component);
    const outcomes = await Promise.all(others.map(({ appid }) => this.#codes.outcome(appid, hashOfCode(appid, code))));
    return outcomes.some((outcome) => outcome?.outcome === 'authorized');
  }
}

const codeOfAnother: AuthorizationOutcome = {
  outcome: 'failed',
  code: 'auth_code_refused',
  message: 'the code is for another component',
  errcode: ERRCODE.codeUsed,
};
