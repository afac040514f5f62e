import { Failure } from '@wxthirdparty/wechat';
import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { describeError } from '../http/describe-error.ts';
import type { PublicUrl } from '../http/public-url.ts';
import { requestIdOf } from '../http/request-id.ts';
import { isOutage } from './is-outage.ts';
import { problemOf, sendProblem } from './problem.ts';
import { reauthorizationLinkOf } from './reauthorization-link.ts';

/** Answers with a problem whatever a route throws, and logs what is a fault of ours. */
export function answerErrors(platform: GatewayPlatform, publicUrl: PublicUrl, log: Logger) {
  return async (error: unknown, request: Request, response: Response, _next: NextFunction): Promise<void> => {
    const incident = requestIdOf(response);
    let failure = fromPlatform(fromExpress(error));
    if (!(failure instanceof Failure)) {
      // A connection that ends during a request or an answer causes various errors, none of which is a fault of ours.
      if (response.destroyed) {
        log.info({ requestId: incident, error: describeError(error) }, 'request failed after its caller had hung up');
        return;
      }
      if (await isOutage(error, platform)) failure = unavailable(request.method);
      else log.error({ requestId: incident, error: describeError(error) }, 'request failed unexpectedly');
    }
    if (response.headersSent) response.destroy();
    else sendProblem(response, problemOf(failure, incident, reauthorizationLinkOf(failure, publicUrl)));
  };
}

/** A call may have been recorded just before the connection broke, so only reads may simply be repeated. */
function unavailable(method: string): Failure {
  return method === 'GET' || method === 'HEAD'
    ? new Failure('unavailable', 'retry', 'Redis or the database does not answer. Repeat the request.')
    : new Failure(
        'unavailable',
        'operator',
        'Redis or the database did not answer, so it is not known whether the request was carried out.',
      );
}

/** Which of the servers does not answer concerns operators, not callers. */
const outageCodes: readonly string[] = ['database_unreachable'];

/** Nothing of the request was carried out: a failure of this kind is of a statement that was not sent. */
function fromPlatform(error: unknown): unknown {
  if (!(error instanceof Failure) || !outageCodes.includes(error.code)) return error;
  const { message, retryAfterMs } = error;
  return new Failure('unavailable', 'retry', message, {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Express reports what it cannot read (a broken `%` in the path) by an error with a status. */
function fromExpress(error: unknown): unknown {
  const status = error instanceof Error ? (error as { status?: unknown }).status : undefined;
  if (error instanceof Failure || typeof status !== 'number' || status < 400 || status > 499) return error;
  return new Failure('invalid_request', 'fix-request', 'The request cannot be read.');
}
