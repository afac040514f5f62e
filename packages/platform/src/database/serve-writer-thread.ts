import { parentPort } from 'node:worker_threads';
import type { BulkDatabase } from './bulk.ts';
import type { ThreadAnswer, ThreadRequest } from './writer-thread.ts';

/** The other side of WriterThread, in its script. */
export function serveWriterThread<Request, Answer>(
  database: BulkDatabase,
  work: (request: Request) => Promise<Answer>,
): void {
  const port = parentPort!;
  const answer = async ({ id, request }: ThreadRequest<Request>): Promise<ThreadAnswer<Answer>> => {
    try {
      return { id, answer: await work(request) };
    } catch (error) {
      // What sql-error.ts reads.
      const { message, code, errcode, errno } = error as Error & Record<'code' | 'errcode' | 'errno', unknown>;
      return { id, error: { message, code, errcode, errno } };
    }
  };
  let last: Promise<void> = Promise.resolve();
  port.on('message', (message: 'close' | ThreadRequest<Request>) => {
    // On MySQL, several requests go side by side; closing waits for all of them.
    if (message === 'close') {
      void last.then(() => database.close()).finally(() => port.close());
      return;
    }
    const answering = answer(message).then((answered) => port.postMessage(answered));
    last = Promise.allSettled([last, answering]).then(() => {});
  });
}
