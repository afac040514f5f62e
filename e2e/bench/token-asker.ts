import { type AwaitedToken, openPlatform, type TokenOwner } from '@wxthirdparty/platform';
import type { AskerSettings, Order, Served } from './token-asker-talk.ts';

/**
 * One process of `token-expires.bench.ts`: it has a token, on order it reports the token as refused, as a call does, and
 * awaits the next one. It communicates with the bench over the IPC channel of Node.
 */
const settings = JSON.parse(process.env.ASKER_SETTINGS!) as AskerSettings;
const platform = await openPlatform({
  ...settings.platform,
  secretsKeys: [Buffer.from(settings.secretsKey, 'base64')],
});
const owner: TokenOwner = settings.owner;
let token: AwaitedToken = await platform.work.awaitToken(owner, 30_000);
const report = (served: Served) => process.send!(served);

process.on('message', ({ startAt }: Order) => {
  setTimeout(() => {
    serve(startAt).then(report, (error: unknown) => report({ failure: String(error) }));
  }, startAt - Date.now());
});
process.once('disconnect', () => void platform.close().finally(() => process.exit()));
report({ version: token.version, afterMs: 0 });

async function serve(startAt: number): Promise<Served> {
  await token.refused('/cgi-bin/user/info');
  token = await platform.work.awaitToken(owner, 30_000);
  return { version: token.version, afterMs: Date.now() - startAt };
}
