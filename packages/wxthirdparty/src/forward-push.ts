import { setTimeout as pause } from 'node:timers/promises';
import type { SignedPush } from './envelope.ts';
import { badStatus, unreachable } from './gateway-failure.ts';
import { ThirdpartyError } from './thirdparty-error.ts';

const ANSWER_TIMEOUT_MS = 5_000;
/** Between attempts. The gateway recognizes a push that it has accepted already. */
const PAUSES_MS = [200, 1_000, 3_000];

/** Sends a push to the gateway's event URL. `sign` is called for each attempt, so that its timestamp is fresh. */
export async function forwardPush(eventUrl: string, sign: () => SignedPush): Promise<void> {
  for (const pauseMs of [...PAUSES_MS, undefined]) {
    const failure = await send(eventUrl, sign());
    if (failure === undefined) return;
    if (failure.remedy !== 'retry' || pauseMs === undefined) throw failure;
    await pause(pauseMs);
  }
}

async function send(eventUrl: string, { query, body }: SignedPush): Promise<ThirdpartyError | undefined> {
  let response: Response;
  try {
    response = await fetch(`${eventUrl}?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await response.arrayBuffer();
  } catch (error) {
    return unreachable(false, error);
  }
  const { status } = response;
  switch (status) {
    case 200:
      return undefined;
    case 400:
    case 403:
      return new ThirdpartyError(
        'The gateway refused the push: it is configured with another Token or EncodingAESKey for this component.',
        { code: 'envelope_refused', remedy: 'operator' },
      );
    case 404:
      return new ThirdpartyError('The gateway does not run this component.', {
        code: 'unknown_component',
        remedy: 'operator',
      });
    default:
      return badStatus(status);
  }
}
