import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { AppViewRoute, BoardHooks } from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';
import type { Platform } from '@wxthirdparty/platform';
import type { Request, Response, Router } from 'express';
import { redact, redactOutcome, redactText } from './redact.ts';

export const BOARD_PATH = '/admin/queues';

/** Bull Board over the platform's queues: reading, and with `write` also retrying, cleaning and pausing. */
export function board(queues: Platform['queues'], write: boolean): Router {
  const adapter = new OwnPage();
  adapter.setBasePath(BOARD_PATH);
  createBullBoard({
    queues: queues.map(({ queue, description }) => {
      const shown = new BullMQAdapter(queue, { readOnlyMode: !write, displayName: queue.name, description });
      shown.setFormatter('data', (data) => redact(data));
      shown.setFormatter('progress', (progress) => redact(progress));
      shown.setFormatter('returnValue', redactOutcome);
      return shown;
    }),
    serverAdapter: adapter,
    options: {
      handlerHooks: hooks,
      uiConfig: {
        boardTitle: 'wxthirdparty',
        hideDocsLink: true,
        hideRedisDetails: true,
        miscLinks: [],
        pollingInterval: { forceInterval: 5 },
      },
    },
  });
  return adapter.getRouter() as Router;
}

/** The page asks a foreign host for fonts; China waits for it in vain, and our CSP refuses it. */
class OwnPage extends ExpressAdapter {
  override setEntryRoute({ route, handler }: AppViewRoute): ExpressAdapter {
    this.app.get(route, (_request: Request, response: Response) => {
      const { name, params } = handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      response.render(name, params, (error: Error | null, html: string) => {
        if (error !== null) throw error;
        response.type('html').send(html.replace(/<link [^>]*href="https?:[^>]*>/g, ''));
      });
    });
    return this;
  }
}

/** What is shown is redacted: written back, it would destroy the job. New jobs are the platform's to make. */
const neverWritable = /\/(?:add|update-data)$/;

const hooks: BoardHooks = {
  before: ({ method, route }) =>
    method !== 'get' && neverWritable.test(route)
      ? { allow: false, status: 403, message: 'Jobs are shown redacted here and cannot be written.' }
      : undefined,
  after: (_context, result) => ({ ...result, body: redactTexts(result.body) }),
};

/** Formatters see data, progress and return value only; errors, logs and schedulers come past here. */
// biome-ignore lint/suspicious/noExplicitAny: the library's own type of a body
function redactTexts(body: any): any {
  if (Array.isArray(body)) return body.map((line) => (typeof line === 'string' ? redactText(line) : redactTexts(line)));
  if (body === null || typeof body !== 'object') return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      if (typeof value === 'string' && /reason|failure/i.test(name)) return [name, redactText(value)];
      if (name === 'template' && value !== null && typeof value === 'object') return [name, redact(value)];
      if (name === 'data' || name === 'progress' || name === 'opts') return [name, value];
      return [name, redactTexts(value)];
    }),
  );
}
