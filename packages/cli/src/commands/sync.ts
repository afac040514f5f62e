import { Failure } from '@wxthirdparty/wechat';
import type { Command } from '../command.ts';
import { typed } from '../installation.ts';
import { readArguments } from '../read-arguments.ts';
import { gatewayOf } from '../sync/gateway-of.ts';
import { progressOf } from '../sync/progress.ts';
import { readEvents } from '../sync/read-events.ts';
import { isFinished, type ShownSync } from '../sync/shown-sync.ts';

/** In a row, of the event stream. */
const MAX_FAILURES = 10;
const RETRY_DELAY_MS = 500;

/** Starts a follower sync, or joins the running one, and shows its progress. The end of this process does not stop it. */
export const sync: Command = async ({ env, args, shutdown }) => {
  const { values, positionals } = readArguments(
    args,
    { 'no-details': { type: 'boolean', default: false }, component: { type: 'string' } },
    1,
  );
  const appid = positionals[0]!;
  const { component } = values;
  const gateway = gatewayOf(env);
  const details = !values['no-details'];
  const query = component === undefined ? '' : `?component=${encodeURIComponent(component)}`;
  const started = await shutdown.unlessReceived(
    gateway.ask<ShownSync>('POST', `/v1/authorizers/${encodeURIComponent(appid)}/follower-syncs${query}`, { details }),
  );
  const { id } = started.body;
  console.log(
    started.status === 202 ? `Sync ${id} of ${appid} was started.` : `Sync ${id} of ${appid} was already running.`,
  );

  const progress = progressOf(process.stdout);
  const interrupted = new AbortController();
  void shutdown.received.then(() => interrupted.abort());
  const last = await follow(
    () => gateway.stream(`/v1/follower-syncs/${id}/events`, interrupted.signal),
    interrupted.signal,
    progress.show,
  );
  progress.end();
  if (interrupted.signal.aborted) {
    console.log(`The sync continues in the background. Show its progress again: ${typed(`sync ${appid}`)}`);
    return 0;
  }
  if (last?.state === 'completed') {
    const { listed, detailed, withoutDetails = 0 } = last;
    const without = withoutDetails === 0 ? '' : ` WeChat returned no readable details for ${withoutDetails} of them.`;
    console.log(`Done: ${listed} followers listed, ${detailed - withoutDetails} with details.${without}`);
    return 0;
  }
  console.error(`The sync is ${last?.state ?? 'gone'}${last?.error ? `: ${last.error.message}` : '.'}`);
  return 1;
};

/** A gateway that shuts down ends the stream; another gateway continues it. */
async function follow(
  open: () => Promise<AsyncIterable<Uint8Array>>,
  interrupted: AbortSignal,
  show: (sync: ShownSync) => void,
): Promise<ShownSync | undefined> {
  let last: ShownSync | undefined;
  for (let failures = 0; !interrupted.aborted && failures < MAX_FAILURES; ) {
    try {
      for await (const data of readEvents(await open())) {
        last = JSON.parse(data) as ShownSync;
        failures = 0;
        show(last);
        if (isFinished(last)) return last;
      }
    } catch (error) {
      if (error instanceof Failure && error.remedy === 'fix-request') throw error;
      failures++;
    }
    if (!interrupted.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
  }
  return last;
}
