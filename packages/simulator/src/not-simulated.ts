import { Refusal } from './refusal.ts';

/** Outside WeChat's numbers, so that no program takes it for an answer of the real one. */
const NOT_SIMULATED = 990404;

/**
 * This simulator lacks what the request asks for; the request may be right. Never an errcode of WeChat's, which would blame
 * the caller.
 *
 * @param what ends the sentence "the simulated WeChat has no …"
 */
export function notSimulated(what: string, hint = HINT): Refusal {
  return new Refusal(NOT_SIMULATED, `the simulated WeChat has no ${what}; the request may be right. ${hint}`);
}

const HINT =
  'GET /_control/apis lists what it has; POST /_control/answer gives this path an answer; ' +
  'packages/simulator/README.md says how to add an API';

/** The hint for an unknown path names the known ones that begin alike. */
export function hintFor(path: string, known: readonly string[]): string {
  const similar = known
    .map((one) => ({ one, shared: sharedSegments(path, one) }))
    // One shared segment, like cgi-bin, says nothing.
    .filter(({ shared }) => shared > 1)
    .sort((a, b) => b.shared - a.shared)
    .slice(0, 3)
    .map(({ one }) => one);
  return similar.length === 0 ? HINT : `Similar: ${similar.join(', ')}. ${HINT}`;
}

function sharedSegments(one: string, other: string): number {
  const [a, b] = [one.split('/').slice(1), other.split('/').slice(1)];
  const end = a.findIndex((segment, at) => segment !== b[at]);
  return end < 0 ? a.length : end;
}
