import { Failure } from '@wxthirdparty/wechat';

/** One JSON request to a process of ours on this machine. */
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

/** Looks again until the condition holds; what stands in its way for too long becomes the failure's words. */
export async function until(
  holds: () => Promise<boolean>,
  { withinMs, otherwise }: { readonly withinMs: number; readonly otherwise: string },
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > end) throw new Failure('not_ready', 'operator', otherwise);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
