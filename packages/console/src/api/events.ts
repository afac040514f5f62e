import { ApiError } from './api-error.ts';

/**
 * Reads server-sent events until their end, and calls `onEvent` with the data of each. Not by EventSource, which can set no
 * header. Throws ApiError, and the signal's reason.
 */
export async function readEvents(url: string, signal: AbortSignal, onEvent: (data: string) => void): Promise<void> {
  const response = await fetch(url, {
    headers: { 'x-wx-console': '1', accept: 'text/event-stream' },
    credentials: 'same-origin',
    cache: 'no-store',
    signal,
  });
  if (!response.ok || !response.body) {
    const { status } = response;
    throw new ApiError({ status, code: 'internal', remedy: 'retry', detail: 'No events.', requestId: undefined });
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (pending + value).split('\n\n');
    pending = events.pop() ?? '';
    for (const event of events) {
      const data = event
        .split('\n')
        .flatMap((line) => (line.startsWith('data:') ? [line.slice('data:'.length).trimStart()] : []))
        .join('\n');
      if (data !== '') onEvent(data);
    }
  }
}
