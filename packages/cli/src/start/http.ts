import { Failure } from '@wxthirdparty/wechat';

/** One JSON request to one of our processes on this machine. */
export async function askJson(
  url: string,
  options: { readonly method?: string; readonly key?: string; readonly body?: unknown } = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { method = 'GET', key, body } = options;
  const response = await fetch(url, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(40_000),
  });
  return { status: response.status, body: await response.json().catch(() => undefined) };
}

/** Polls until the condition holds; throws a Failure with the message `otherwise` after the timeout. */
export async function until(
  holds: () => Promise<boolean>,
  { timeoutMs, otherwise }: { readonly timeoutMs: number; readonly otherwise: string },
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > end) throw new Failure('not_ready', 'operator', otherwise);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
