import { openVirtualTokens } from '../../packages/gateway/src/virtual/virtual-token.ts';
import { tokenEffects } from '../../packages/platform/src/authorizer/token-effects.ts';
import { openDatabase } from '../../packages/platform/src/database/open.ts';
import { Seals } from '../../packages/platform/src/sealing/seals.ts';
import { TokenStore } from '../../packages/platform/src/token/token-store.ts';
import type { Deployment } from '../support/deployment.ts';
import { tokenOf } from './crossing.ts';

const AT_ONCE = 500;
const TWO_HOURS_MS = 7_200_000;

/**
 * Makes the deployment know so many accounts more, as though they had authorized and their tokens had been fetched. Returns
 * for each the token that the gateway would issue to an SDK.
 */
export async function knowAuthorizers(
  deployment: Deployment,
  known: string,
  count: number,
  secretsKey: Buffer,
): Promise<string[]> {
  const sql = openDatabase(`sqlite:${deployment.dir}/deployment.sqlite`);
  const redis = deployment.redis.client();
  try {
    const component = deployment.component.appid;
    const seals = new Seals([secretsKey]);
    const tokens = new TokenStore(redis, seals, tokenEffects);
    const virtual = openVirtualTokens([secretsKey]);
    const read = virtual.read(await tokenOf(deployment, known));
    if (read.verdict !== 'good') throw new Error(`a token of the gateway is ${read.verdict}`);
    const { keyFingerprint } = read.grant;
    const row = await sql.selectFrom('authorizers').selectAll().where('appid', '=', known).executeTakeFirstOrThrow();
    const appids = Array.from({ length: count }, (_, i) => `wx1${String(i).padStart(15, '0')}`);
    const now = Date.now();
    const token = { refreshAt: now + TWO_HOURS_MS, trustedUntil: now + TWO_HOURS_MS, expiresAt: now + TWO_HOURS_MS };
    for (let i = 0; i < count; i += AT_ONCE) {
      const some = appids.slice(i, i + AT_ONCE);
      await sql
        .insertInto('authorizers')
        .values(some.map((appid) => ({ ...row, appid, handle: appid })))
        .execute();
      await Promise.all(
        some.map((appid) =>
          tokens.publish({ kind: 'authorizer', component, appid }, now, {
            ...token,
            value: `of ${appid}`,
            sentAt: now,
          }),
        ),
      );
    }
    return appids.map((appid) => virtual.sign({ keyFingerprint, component, appid }));
  } finally {
    redis.disconnect();
    await sql.destroy();
  }
}
