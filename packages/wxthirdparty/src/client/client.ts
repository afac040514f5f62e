import type { UserInfo } from '../user-info.ts';
import type { ClientMethods } from './client-methods.ts';

/** The account of a client. Only `appid` is needed; hooks read the others. */
export type ClientUser = Pick<UserInfo, 'appid'> & Partial<UserInfo>;

/** Calls WeChat for one account. Its methods take a callback as their last argument, or return a promise. */
export type Client<Component = unknown> = ClientMethods & {
  /** The ThirdpartyServer that made it. */
  readonly component: Component;
  readonly user: ClientUser;
  /** The same object for all clients of the process. */
  readonly hooks: Hooks;
};

// biome-ignore lint/suspicious/noExplicitAny: arguments and answers are those of npm wechat-api, which has no types.
type Anything = any;

export interface Hook {
  /** `before(...args, next, temp)`: the arguments without the callback. The request is sent when it calls `next()`. */
  before?(this: Client, ...args: Anything[]): unknown;
  /**
   * What it passes to `callback` is what the caller receives. It is not called for a failed request, so `error` is null; `temp`
   * is the object that `before` received.
   */
  after?(
    this: Client,
    error: Error | null,
    data: Anything,
    callback: (error?: Error | null, data?: unknown) => void,
    temp: Record<string, Anything>,
  ): unknown;
}

/** By the name of a method of the client. */
export type Hooks = Record<string, Hook | undefined>;
