import { testAccountOf } from '@wxthirdparty/wechat';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import type { RedisClient } from '../redis/connect.ts';
import { reportStep } from './step-report.ts';

/** By one of these permission sets an account of this kind lets us answer its users (protocol §6). */
const MESSAGE_SETS = { 'official-account': 1, 'mini-program': 19 } as const;

/** A consent of an account, or its end. `receivedAt`: of the push that reported it. */
export interface ConsentPush {
  readonly component: string;
  readonly appid: string;
  readonly name: 'authorized' | 'unauthorized';
  readonly receivedAt: Date;
}

/** Reports that a test account consented or ended its consent; nothing for every other account. */
export async function reportConsent(
  { component, appid, name, receivedAt }: ConsentPush,
  { redis, authorizers }: { readonly redis: RedisClient; readonly authorizers: Pick<AuthorizerStore, 'find'> },
): Promise<void> {
  const account = testAccountOf(appid);
  if (account === undefined) return;
  const scopes = name === 'unauthorized' ? ((await authorizers.find(component, appid))?.scopes ?? []) : [];
  const at = receivedAt.getTime();
  const expectsCode = scopes.includes(MESSAGE_SETS[account.kind]);
  const result = { state: 'ok', code: null, ms: null, expected: null, got: null } as const;
  reportStep(redis, { component, appid, name, at, ...result, expectsCode });
}
