import { ForbiddenError, NotReadyError, QuotaClosedError, ReauthorizeError, RefusedError } from './errors.ts';
import type { Problem } from './generated/api.ts';

/** The error for an answer other than a success. */
export async function refusalOf(response: Response): Promise<RefusedError> {
  const problem = await problemOf(response);
  const retryAfterMs = waitOf(response, problem);
  if (problem?.code === 'forbidden') return new ForbiddenError(problem, retryAfterMs);
  if (problem?.code === 'not_ready') return new NotReadyError(problem, retryAfterMs);
  if (problem?.code === 'quota_closed') return new QuotaClosedError(problem, retryAfterMs);
  if (problem?.remedy === 'reauthorize') return new ReauthorizeError(problem, retryAfterMs);
  return new RefusedError(response.status, problem, retryAfterMs);
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  try {
    const text = await response.text();
    return isProblem ? (JSON.parse(text) as Problem) : undefined;
  } catch {
    // The status is enough for an error.
    return undefined;
  }
}

/** The header is in seconds, or a date. */
function waitOf(response: Response, problem: Problem | undefined): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return problem?.retryAfter === undefined ? undefined : problem.retryAfter * 1000;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
