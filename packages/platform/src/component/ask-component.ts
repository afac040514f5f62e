import { type ComponentApi, Failure, isTokenRefusal } from '@wxthirdparty/wechat';
import type { Token } from '../token/token.ts';
import type { TokenSource } from '../token/token-kind.ts';
import { componentOwner } from './component-token.ts';

/**
 * Asks one of WeChat's component APIs with the component's token, refreshed inline where due. A refused token is
 * distrusted, and the question repeated once if another token follows.
 */
export async function askComponent<T>(
  tokens: TokenSource,
  component: string,
  api: keyof ComponentApi,
  ask: (componentToken: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const askWith = async (token: Token): Promise<T> => {
    const departedAt = performance.now();
    const answer = await ask(token.value);
    tokens.accepted(token, { path: api, departedAt });
    return answer;
  };
  const token = await tokens.ensure(componentOwner(component), signal);
  try {
    return await askWith(token);
  } catch (error) {
    if (!isRefusedToken(error) || (await tokens.distrust(token, api)) === 'kept') throw error;
  }
  const next = await tokens.ensure(componentOwner(component), signal);
  try {
    return await askWith(next);
  } catch (error) {
    if (isRefusedToken(error)) await tokens.distrust(next, api);
    throw error;
  }
}

function isRefusedToken(error: unknown): boolean {
  return error instanceof Failure && error.errcode !== undefined && isTokenRefusal(error.errcode);
}
