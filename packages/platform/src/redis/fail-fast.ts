import { Failure } from '@wxthirdparty/wechat';
import { Cluster, type Command, Redis } from 'ioredis';
import { afterGrace } from './own-stall.ts';
import { writeTogether } from './write-together.ts';

/** Makes all commands of a fail-fast connection fail with `failure`, or, where it is undefined, work again. */
export function refuseCommands(redis: Redis | Cluster, failure: Failure | undefined): void {
  if (!(redis instanceof FailFastRedis || redis instanceof FailFastCluster)) {
    throw new Error('only a fail-fast connection refuses commands');
  }
  redis.refusal = failure;
}

/** What commands of this connection fail with instead of being sent; undefined: they are sent. */
export function refusalOf(redis: Redis | Cluster): Failure | undefined {
  return redis instanceof FailFastRedis || redis instanceof FailFastCluster ? redis.refusal : undefined;
}

/** What ioredis sends by itself when it connects. */
const CONNECTING = new Set(['auth', 'client', 'cluster', 'hello', 'info', 'select']);

/** Rejects commands with a Failure of ours while Redis is unreachable or cannot execute them. */
export class FailFastRedis extends Redis {
  /** While it is set, every command fails with it instead of being sent. */
  refusal: Failure | undefined;

  override sendCommand(command: Command, ...rest: Rest<Redis['sendCommand']>): unknown {
    if (isRefused(command, this.refusal)) return command.promise;
    writeTogether(this.stream);
    return super.sendCommand(translateErrors(command), ...rest);
  }
}

export class FailFastCluster extends Cluster {
  refusal: Failure | undefined;

  override sendCommand(command: Command, ...rest: Rest<Cluster['sendCommand']>): unknown {
    return isRefused(command, this.refusal) ? command.promise : super.sendCommand(translateErrors(command), ...rest);
  }
}

type Rest<Method extends (...args: never[]) => unknown> =
  Parameters<Method> extends [unknown, ...infer Others] ? Others : never;

function isRefused(command: Command, refusal: Failure | undefined): boolean {
  if (!refusal || CONNECTING.has(command.name)) return false;
  command.reject(refusal);
  return true;
}

/** ioredis' error after `commandTimeout`. */
const COMMAND_TIMED_OUT = 'Command timed out';

/** Not by a promise of our own: ioredis sends commands whose promise only ioredis itself reads. */
function translateErrors(command: Command): Command {
  const reject = command.reject;
  const fail = (error: Error) => reject.call(command, translateError(error));
  command.reject = (error) => {
    if (error.message !== COMMAND_TIMED_OUT) fail(error);
    // It may be this process that has stalled.
    else afterGrace(() => command.isSettled || fail(error));
  };
  return command;
}

/** An error of ioredis as a fail-fast connection reports it. */
export function translateError(error: Error): Error {
  return error.name === 'ReplyError' ? refusedBy(error) : unreachable(error);
}

/**
 * States in which no command of that kind has a chance: the server loads its file, is a replica (now), has lost its primary,
 * its replicas or its disk, has ended a blocking command because it became a replica, or its Cluster is not whole.
 */
const UNREACHABLE =
  /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|MISCONF|NOREPLICAS|TRYAGAIN|UNBLOCKED|NOMASTERLINK)(?: |$)/;

/** What Redis itself answers stays as it is, but for those states. */
function refusedBy(cause: Error): Error {
  if (cause.message.startsWith('OOM ')) {
    return new Failure('overloaded', 'slow-down', 'Redis is out of memory.', { cause, retryAfterMs: 30_000 });
  }
  return UNREACHABLE.test(cause.message) ? unreachable(cause) : cause;
}

function unreachable(cause: Error): Failure {
  return cause instanceof Failure
    ? cause
    : new Failure('redis_unreachable', 'retry', 'Redis does not answer.', { cause, retryAfterMs: 2_000 });
}
