import { Failure, isTokenRefusal } from '@wxthirdparty/wechat';
import type { Tokens } from '../token/tokens.ts';
import { componentOwner } from './component-token.ts';

/**
 * Asks WeChat with the component's token, refreshed inline where due. A refused token is distrusted and the question
 * repeated once with the next one.
 */
export async function askComponent<T>(
  tokens: Tokens,
  component: string,
  ask: (componentToken: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const token = await tokens.ensure(componentOwner(component), signal);
  try {
    return await ask(token.value);
  } catch (error) {
    if (!(error instanceof Failure) || error.errcode === undefined || !isTokenRefusal(error.errcode)) throw error;
    await tokens.distrust(token);
    const next = await tokens.ensure(componentOwner(component), signal);
    return await ask(next.value);
  }
}
