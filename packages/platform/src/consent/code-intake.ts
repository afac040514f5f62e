import type { ConsentContext } from '../authorizer/authorizer-notices.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Seals } from '../sealing/seals.ts';
import type { AuthorizationPayload } from './authorize-job.ts';
import { type CodeTies, hashOfCode, type PushTie } from './code-ties.ts';

/** Longer than a code is valid. */
const OUTCOME_TTL_MS = 2 * 60 * 60_000;

export type AuthorizationOutcome =
  | {
      readonly outcome: 'authorized';
      readonly appid: string;
      /** Whether the account's profile has been read from WeChat. */
      readonly profile: 'pending' | 'failed' | 'asked';
    }
  | { readonly outcome: 'failed'; readonly code: string; readonly message: string; readonly errcode?: number };

/** Accepts authorization codes from pushes and browsers, and returns the outcome of each. */
export class CodeIntake {
  readonly ties: CodeTies;
  readonly #redis: RedisClient;
  readonly #seals: Seals;
  readonly #queue: OpenQueue<AuthorizationPayload>;

  constructor(redis: RedisClient, ties: CodeTies, seals: Seals, queue: OpenQueue<AuthorizationPayload>) {
    this.ties = ties;
    this.#redis = redis;
    this.#seals = seals;
    this.#queue = queue;
  }

  /** Enqueues the exchange of a code, once, however often it arrives. Returns its hash. */
  async ask(component: string, code: string, appid?: string): Promise<string> {
    const codeHash = hashOfCode(component, code);
    const sealedCode = this.#seals.seal(code, place(component, codeHash));
    await this.#queue.add({ component, codeHash, sealedCode, ...(appid ? { appid } : {}) });
    return codeHash;
  }

  open({ component, codeHash, sealedCode }: AuthorizationPayload): string {
    return this.#seals.open(sealedCode, place(component, codeHash));
  }

  /** What a push says about the code that it brings. */
  async noteFromPush(component: string, code: string, push: PushTie): Promise<void> {
    const codeHash = hashOfCode(component, code);
    const preAuthCode = push.preAuthCode && this.#seals.seal(push.preAuthCode, preAuthPlace(component, codeHash));
    await this.ties.fromPush(component, codeHash, { ...push, preAuthCode });
  }

  /** The link and the pre-auth code with which the consent was given, as far as they are known. */
  async contextOf(component: string, codeHash: string): Promise<ConsentContext> {
    const { linkId, preAuthCode, isUpdate } = await this.ties.read(component, codeHash);
    const opened = preAuthCode && this.#seals.openIfPossible(preAuthCode, preAuthPlace(component, codeHash));
    return { linkId, preAuthCode: opened || undefined, isUpdate };
  }

  async outcome(component: string, codeHash: string): Promise<AuthorizationOutcome | undefined> {
    const known = await this.#redis.get(this.#redis.keyspace.codeOutcome(component, codeHash));
    return known ? (JSON.parse(known) as AuthorizationOutcome) : undefined;
  }

  async settle(component: string, codeHash: string, outcome: AuthorizationOutcome): Promise<void> {
    await this.#redis.set(
      this.#redis.keyspace.codeOutcome(component, codeHash),
      JSON.stringify(outcome),
      'PX',
      OUTCOME_TTL_MS,
    );
  }
}

function preAuthPlace(component: string, codeHash: string): string {
  return `${component}/${component}/pre-auth:${codeHash}`;
}

function place(component: string, codeHash: string): string {
  return `${component}/${component}/code:${codeHash}`;
}
