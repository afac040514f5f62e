import { Failure } from '@wxthirdparty/wechat';
import type { Command } from '../command.ts';
import { gatewayOf } from '../sync/gateway-of.ts';
import { progressOf } from '../sync/progress.ts';
import { readEvents } from '../sync/read-events.ts';
import { isOver, type ShownSync } from '../sync/shown-sync.ts';

const USAGE = 'Usage: npm run wxthirdparty -- sync APPID [--no-details] [--component=APPID]';

/** Starts a follower sync, or joins the one that is running, and shows how far it is. Leaving does not end it. */
export const sync: Command = async ({ env, args, leaving }) => {
  const [appid, ...more] = args.filter((arg) => !arg.startsWith('--'));
  const options = args.filter((arg) => arg.startsWith('--'));
  const component = options.find((option) => option.startsWith('--component='))?.slice('--component='.length);
  const known = options.every((option) => option === '--no-details' || option.startsWith('--component='));
  if (appid === undefined || more.length > 0 || !known) {
    console.error(USAGE);
    return 2;
  }
  const gateway = gatewayOf(env);
  const details = !options.includes('--no-details');
  const query = component === undefined ? '' : `?component=${encodeURIComponent(component)}`;
  const started = await leaving.unlessLeft(
    gateway.ask<ShownSync>('POST', `/v1/authorizers/${encodeURIComponent(appid)}/follower-syncs${query}`, { details }),
  );
  const { id } = started.body;
  console.log(
    started.status === 202 ? `Sync ${id} of ${appid} has begun.` : `Sync ${id} of ${appid} was running already.`,
  );

  const progress = progressOf(process.stdout);
  const leftEarly = new AbortController();
  void leaving.asked.then(() => leftEarly.abort());
  const last = await follow(
    () => gateway.stream(`/v1/follower-syncs/${id}/events`, leftEarly.signal),
    leftEarly.signal,
    progress.show,
  );
  progress.end();
  if (leftEarly.signal.aborted) {
    console.log(`The sync goes on without this terminal. Look at it again with: npm run wxthirdparty -- sync ${appid}`);
    return 0;
  }
  if (last?.state === 'completed') {
    const { listed, detailed, withoutDetails = 0 } = last;
    const without = withoutDetails === 0 ? '' : ` WeChat gave no readable details of ${withoutDetails}.`;
    console.log(`Done: ${listed} followers listed, ${detailed - withoutDetails} with details.${without}`);
    return 0;
  }
  console.error(`The sync is ${last?.state ?? 'gone'}${last?.error ? `: ${last.error.message}` : '.'}`);
  return 1;
};

/** A gateway that leaves ends the stream; the next one goes on with it. */
async function follow(
  open: () => Promise<AsyncIterable<Uint8Array>>,
  left: AbortSignal,
  show: (sync: ShownSync) => void,
): Promise<ShownSync | undefined> {
  let last: ShownSync | undefined;
  for (let failures = 0; !left.aborted && failures < 10; ) {
    try {
      for await (const data of readEvents(await open())) {
        last = JSON.parse(data) as ShownSync;
        failures = 0;
        show(last);
        if (isOver(last)) return last;
      }
    } catch (error) {
      if (error instanceof Failure && error.remedy === 'fix-request') throw error;
      failures++;
    }
    if (!left.aborted) await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return last;
}
