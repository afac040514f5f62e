import { Failure } from '@wxthirdparty/wechat';

/** It does not name the other account: the caller may have no right to know it. */
export function handleTaken(handle: string): Failure {
  return new Failure(
    'handle_taken',
    'fix-request',
    `Another account of the component has the handle ${handle}; choose another one.`,
  );
}
