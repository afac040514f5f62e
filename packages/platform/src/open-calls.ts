import { Authorizers } from './authorizer/authorizers.ts';
import { CallAccounts } from './call/call-accounts.ts';
import { Calls } from './call/calls.ts';
import { DurableCalls } from './call/durable-calls.ts';
import { FailedCallRecorder } from './call/failed-call-recorder.ts';
import { FailedCalls } from './call/failed-calls.ts';
import { Holds } from './call/holds.ts';
import { InlineDispatcher } from './call/inline/inline-dispatch.ts';
import type { PerformDeps } from './call/perform.ts';
import { ReplicaWatch } from './call/replica-watch.ts';
import type { Foundation } from './open-foundation.ts';
import type { OpenQueues } from './open-queues.ts';
import type { Services, Shared } from './open-services.ts';
import type { Scope } from './scope.ts';

/** How a process submits calls, and how it runs them. */
export interface OpenCalls {
  readonly authorizers: Authorizers;
  readonly accounts: CallAccounts;
  /** On the fail-fast connection, also where a job submits a call: it is tried again with the job. */
  readonly calls: Calls;
  readonly failedCalls: FailedCalls;
  readonly run: PerformDeps;
  /** Sends interactive calls in this process while it is open (`Work.sendInline`). */
  readonly inline: InlineDispatcher;
}

/** The scope closes what is opened here. */
export function openCalls(
  { components, durableRedis, events, hints, outage, settings }: Foundation,
  { transport, apiBase, hostGate, localWaiters, outbound }: Shared,
  queues: OpenQueues,
  { blocking, failFast }: { readonly blocking: Services; readonly failFast: Services },
  scope: Scope,
): OpenCalls {
  const durable = scope.keep('durable calls', new DurableCalls(durableRedis, events), (d) => d.close());
  const replicas = scope.keep('watch of replicas', new ReplicaWatch(durableRedis, events), (watch) => watch.close());
  const run: PerformDeps = {
    events,
    store: blocking.callStore,
    durable,
    holds: new Holds(blocking.callStore),
    tokens: blocking.tokens,
    ledger: blocking.ledger,
    gate: hostGate,
    clears: blocking.clears,
    refreshAhead: blocking.refreshAhead,
    userTokens: blocking.userTokens,
    transport,
    apiBase,
  };
  const inline = new InlineDispatcher({
    queue: queues.calls,
    tokens: blocking.tokens,
    redis: failFast.redis,
    store: blocking.callStore,
    ledger: blocking.ledger,
    run,
    recordIn: blocking.redis,
    waiters: localWaiters,
    events,
  });
  const authorizers = new Authorizers({
    store: failFast.authorizerStore,
    components,
    redis: failFast.redis,
    links: failFast.links,
    outage,
  });
  const accounts = new CallAccounts(components, authorizers);
  const failedCalls = new FailedCalls(failFast.redis);
  const recorder = new FailedCallRecorder(failedCalls, failFast.callStore, events);
  scope.keep('failed calls', recorder, (r) => r.close());
  const calls = new Calls({
    redis: failFast.redis,
    queuedSlots: settings.inlineConcurrency,
    inline,
    durable,
    replicas,
    store: failFast.callStore,
    accounts,
    tokens: failFast.tokens,
    ledger: failFast.ledger,
    queue: queues.calls,
    lanes: failFast.lanes,
    callbacks: failFast.callbacks,
    hints,
    waiters: localWaiters,
    outbound,
    failed: failedCalls,
  });
  return { authorizers, accounts, calls: scope.keep('calls', calls, (c) => c.close()), failedCalls, run, inline };
}
