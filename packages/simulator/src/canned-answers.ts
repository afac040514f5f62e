import type { WechatValue } from './wechat-json.ts';

/** What an API answers. */
export type CannedReply =
  | { readonly json: { [name: string]: WechatValue | undefined } }
  | { readonly bytes: Buffer; readonly contentType: string; readonly fileName: string };

interface CannedAnswer {
  readonly path: string;
  /** Only for this account or component. */
  readonly appid: string | null;
  readonly reply: CannedReply;
}

/** The answers that a developer gave to APIs that are not simulated. */
export class CannedAnswers {
  #answers: CannedAnswer[] = [];

  /** Replaces the former answer of the same path and account. */
  set(answer: CannedAnswer): void {
    this.#answers = this.#answers.filter(({ path, appid }) => path !== answer.path || appid !== answer.appid);
    this.#answers.push(answer);
  }

  /** The answer for this owner of the token takes precedence over the one for all. */
  find(path: string, owner: string | null): CannedReply | undefined {
    const found = this.#answers.filter((one) => one.path === path && (one.appid === null || one.appid === owner));
    return (found.find(({ appid }) => appid !== null) ?? found[0])?.reply;
  }

  clear(): void {
    this.#answers = [];
  }
}
