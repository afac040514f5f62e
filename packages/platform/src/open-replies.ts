import type { OpenCalls } from './open-calls.ts';
import type { Foundation } from './open-foundation.ts';
import type { OpenQueues } from './open-queues.ts';
import type { Services, Shared } from './open-services.ts';
import type { KnownAccounts } from './push/known-accounts.ts';
import { askReceiver } from './push/reply/ask-receiver.ts';
import { Asking } from './push/reply/asking.ts';
import { LateReplies } from './push/reply/late-replies.ts';
import { PushReplies } from './push/reply/push-replies.ts';
import { RepeatedWrites } from './push/reply/repeated-writes.ts';
import { ReplyRequests } from './push/reply/reply-requests.ts';
import type { Scope } from './scope.ts';

/** How a process answers the users of pushes. All of it is on the fail-fast connection. */
export interface OpenReplies {
  readonly accounts: KnownAccounts;
  /** While WeChat waits. */
  readonly passive: PushReplies;
  readonly late: LateReplies;
  readonly requests: ReplyRequests;
}

/** The scope closes what is opened here. */
export function openReplies(
  { events, seals, components, hints }: Foundation,
  {
    outbound: sender,
    knownAccounts: accounts,
    subscriptionSnapshot: snapshot,
    virtualCodes: codes,
    deliveryStore: deliveries,
  }: Shared,
  queues: OpenQueues,
  { redis, pushStore: pushes, callStore }: Services,
  { calls }: OpenCalls,
  scope: Scope,
): OpenReplies {
  const queue = queues['late-replies'];
  const late = new LateReplies({ events, redis, seals, queue, pushes, deliveries, calls, callStore, accounts });
  // Closed after the asking, whose last outcomes it writes.
  const writes = scope.keep('outcomes of asked receivers', new RepeatedWrites(events), (w) => w.close());
  const asking = new Asking({
    redis,
    seals,
    hints,
    writes,
    askReceiver: (asked, replyBefore, signal) => askReceiver({ sender, codes }, asked, replyBefore, signal),
    enqueueLate: (reply) => late.enqueue(reply),
  });
  scope.keep('asked receivers', asking, (a) => a.close());
  const served = components.all().map(({ appid }) => appid);
  return {
    accounts,
    late,
    passive: new PushReplies({ snapshot, accounts, asking }),
    requests: new ReplyRequests({ redis, seals, components: served, pushes, deliveries, late }),
  };
}
