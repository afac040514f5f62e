import { ForbiddenFailure, type KeyRights, mayCall } from '@wxthirdparty/platform';
import { componentLoginOf, loginParameters, programLoginOf } from '@wxthirdparty/wechat';

interface LoginCall {
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
}

/**
 * A login of a user in the form in which it is sent to WeChat: programs may send it as they did with the account's own secret.
 * Other calls are unchanged.
 *
 * @param ofComponent the call names the component, and its `appid` the account
 */
export function asComponentLogin<C extends LoginCall>(call: C, ofComponent: boolean): C {
  const path = componentLoginOf(call.path);
  if (path === undefined) return call;
  const account = ofComponent ? call.query.filter(([name]) => name === 'appid') : [];
  return { ...call, path, query: [...account, ...loginParameters(call.query)] };
}

/** Whether a key may read calls of this path: the record of a login has the path of components, the key perhaps the one of programs. */
export function mayReadCalls(rights: KeyRights, path: string): boolean {
  const sentAs = programLoginOf(path);
  return mayCall(rights, path) || (sentAs !== undefined && mayCall(rights, sentAs));
}

/** Throws ForbiddenFailure. */
export function demandReadablePath(rights: KeyRights, path: string): void {
  if (!mayReadCalls(rights, path)) throw new ForbiddenFailure({ path });
}
