import type { Push } from '@wxthirdparty/wechat';
import { hashOfCode } from '../consent/code-ties.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import { type ReplyKey, sealedReply } from '../reply/sealed-reply.ts';
import type { Seals } from '../sealing/seals.ts';
import { type CheckedPush, checkedPush } from './answer.ts';
import type { ReleaseCheckPayload } from './release-check-job.ts';
import { reportStep } from './step-report.ts';

/** A push whose envelope has been opened. */
export interface OpenedPush extends ReplyKey {
  readonly component: string;
  /** The account of the message URL. */
  readonly appid: string | undefined;
  readonly push: Push;
  readonly receivedAt: Date;
}

/** The HTTP answer to WeChat, with status 200. */
export interface CheckPushAnswer {
  /** WeChat did not send it. */
  readonly isRehearsal: boolean;
  readonly contentType: 'text/plain' | 'text/xml';
  readonly body: string;
}

export interface ReleaseCheckResponderOptions {
  /** The fail-fast connection. */
  readonly redis: RedisClient;
  readonly seals: Seals;
  readonly queue: OpenQueue<ReleaseCheckPayload>;
}

/**
 * Answers WeChat's release check before anything else can see its pushes: they are not marked, journaled, matched or asked.
 * Text and event need no Redis, SQL, token or queue.
 */
export class ReleaseCheckResponder {
  readonly #deps: ReleaseCheckResponderOptions;

  constructor(options: ReleaseCheckResponderOptions) {
    this.#deps = options;
  }

  /**
   * The whole answer to a push of a test account; undefined for every other push. Throws what Redis throws if the job for a
   * code cannot be added; then WeChat must deliver the push again.
   */
  async respond(opened: OpenedPush): Promise<CheckPushAnswer | undefined> {
    const checked = checkedPush(opened.push, opened.appid);
    if (checked === undefined) return undefined;
    const { answer } = checked;
    const isRehearsal = checked.rehearsal !== undefined;
    switch (answer.answer) {
      case 'success':
        return { isRehearsal, contentType: 'text/plain', body: 'success' };
      case 'reply': {
        const body = sealedReply({ type: 'text', content: answer.content }, answer.to, opened);
        const { step: name, content } = answer;
        this.#report(opened, checked, { name, state: 'ok', expected: content, got: content });
        return { isRehearsal, contentType: 'text/xml', body };
      }
      case 'empty':
        // Before the job, on the same connection, so that no result precedes it.
        this.#report(opened, checked, { name: 'api_text', state: 'pending', expected: null, got: null });
        await this.#enqueue(opened, checked, answer);
        return { isRehearsal, contentType: 'text/plain', body: '' };
      default:
        return answer satisfies never;
    }
  }

  async #enqueue(
    { component, receivedAt }: OpenedPush,
    { account, rehearsal }: CheckedPush,
    { code, to }: Extract<CheckedPush['answer'], { answer: 'empty' }>,
  ): Promise<void> {
    const codeHash = hashOfCode(component, code);
    await this.#deps.queue.add({
      component,
      appid: account.appid,
      codeHash,
      sealed: this.#deps.seals.seal(JSON.stringify({ code, openid: to.openid }), codePlace(component, codeHash)),
      receivedAt: receivedAt.toISOString(),
      ...(rehearsal === undefined ? {} : { rehearsal }),
    });
  }

  /** A rehearsal reports its own steps. */
  #report(
    { component, receivedAt }: OpenedPush,
    { account, rehearsal }: CheckedPush,
    step: Pick<Parameters<typeof reportStep>[1], 'name' | 'state' | 'expected' | 'got'>,
  ): void {
    if (rehearsal !== undefined) return;
    const ms = Date.now() - receivedAt.getTime();
    reportStep(this.#deps.redis, {
      component,
      appid: account.appid,
      at: receivedAt.getTime(),
      code: null,
      ms,
      ...step,
    });
  }
}

/** Where the code and the openid of a job are sealed. */
export function codePlace(component: string, codeHash: string): string {
  return `${component}/${component}/release-check:${codeHash}`;
}
