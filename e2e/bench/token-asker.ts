import { type AwaitedToken, openPlatform, type TokenOwner } from '@wxthirdparty/platform';
import type { AskerSettings, Order, Served } from './token-asker-talk.ts';

/**
 * One process of `token-expires.bench.ts`: it has a token, and when told so it finds it refused, as a call does, and
 * needs the next one. Talks with the bench over Node's own channel.
 */
const settings = JSON.parse(process.env.ASKER_SETTINGS!) as AskerSettings;
const platform = await openPlatform({
  ...settings.platform,
  secretsKeys: [Buffer.from(settings.secretsKey, 'base64')],
});
const owner: TokenOwner = settings.owner;
let token: AwaitedToken = await platform.work.awaitToken(owner, 30_000);
const tell = (served: Served) => process.send!(served);

process.on('message', ({ startAt }: Order) => {
  setTimeout(() => {
    serve(startAt).then(tell, (error: unknown) => tell({ failure: String(error) }));
  }, startAt - Date.now());
});
process.once('disconnect', () => void platform.close().finally(() => process.exit()));
tell({ version: token.version, afterMs: 0 });

async function serve(startAt: number): Promise<Served> {
  await token.refused('/cgi-bin/user/info');
  token = await platform.work.awaitToken(owner, 30_000);
  return { version: token.version, afterMs: Date.now() - startAt };
}
