import type { Reply } from '../generated/api.ts';
import type { DeliveredPush, PushOf, PushPattern } from './push.ts';
import type { LaterReply } from './reply.ts';

/** What a handler returns: a reply to the user, or nothing. */
export type HandlerResult = Reply | LaterReply | undefined | null;

/** Handles one push. What it throws is answered 500, so that the push is delivered again. */
export type PushHandler<One = DeliveredPush> =
  | ((push: One) => HandlerResult | Promise<HandlerResult>)
  | ((push: One) => void | Promise<void>);

/** The handlers by pattern: an exact type before a beginning, and a longer beginning before a shorter one. */
export class Handlers {
  readonly #exact = new Map<string, PushHandler<never>>();
  readonly #beginnings = new Map<string, PushHandler<never>>();

  /** Throws a TypeError for a pattern that has a handler already. */
  add<Pattern extends PushPattern>(pattern: Pattern, handler: PushHandler<PushOf<Pattern>>): void {
    const isBeginning = pattern.endsWith('*');
    const handlers = isBeginning ? this.#beginnings : this.#exact;
    const name = isBeginning ? pattern.slice(0, -1) : pattern;
    if (name.includes('*')) throw new TypeError(`"${pattern}" has a * before its end; a pattern may only end with it`);
    if (handlers.has(name)) throw new TypeError(`"${pattern}" has a handler already`);
    handlers.set(name, handler);
  }

  /** The one handler of a push. */
  find(type: string): PushHandler<never> | undefined {
    const exact = this.#exact.get(type);
    if (exact) return exact;
    const beginnings = [...this.#beginnings.keys()].filter((beginning) => type.startsWith(beginning));
    const longest = beginnings.sort((one, other) => other.length - one.length)[0];
    return longest === undefined ? undefined : this.#beginnings.get(longest);
  }
}
