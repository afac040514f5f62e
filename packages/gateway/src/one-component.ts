import { Failure } from '@wxthirdparty/wechat';

/** `?component=`, which chooses where an account exists under several. Throws Failure `invalid_request`. */
export function ofOneComponent(query: Record<string, unknown>): string | undefined {
  const component = query.component;
  if (component === undefined || typeof component === 'string') return component;
  throw new Failure('invalid_request', 'fix-request', 'component: name one');
}
