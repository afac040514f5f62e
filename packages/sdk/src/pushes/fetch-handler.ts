import { rawBodyNeeded } from '../webhook/raw-body.ts';
import { type Answer, NOT_A_POST } from './answer.ts';
import { LimitedBody } from './limited-body.ts';

/** The response to a request of `fetch`; `answer` gets a function that reads the raw body. */
export async function handleFetch(
  request: Request,
  maxBodyBytes: number,
  answer: (readBody: () => Promise<Uint8Array>) => Promise<Answer>,
): Promise<Response> {
  const { status, body } = request.method === 'POST' ? await answer(() => bodyOf(request, maxBodyBytes)) : NOT_A_POST;
  return new Response(body ?? null, {
    status,
    headers: {
      ...(status === 405 ? { allow: 'POST' } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
}

async function bodyOf(request: Request, maxBodyBytes: number): Promise<Uint8Array> {
  if (request.bodyUsed) throw rawBodyNeeded();
  const limited = new LimitedBody(maxBodyBytes);
  limited.assertFits(Number(request.headers.get('content-length') ?? 0));
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) limited.add(part.value);
  return limited.bytes();
}
