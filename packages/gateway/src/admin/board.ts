import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { AppViewRoute, BoardHooks } from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';
import type { NextFunction, Request, Response, Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { redact, redactOutcome, redactText } from './redact.ts';

/** Bull Board over the platform's queues: reading, and with `write` also retrying, cleaning and pausing. */
export function board(queues: GatewayPlatform['queues'], path: string, write: boolean): Router {
  const adapter = new OwnPage();
  adapter.setBasePath(path);
  createBullBoard({
    queues: queues.map(({ queue, description }) => {
      return new BullMQAdapter(queue, { readOnlyMode: !write, displayName: queue.name, description });
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

/** Without the links to fonts of a foreign host, which browsers in China wait for in vain and our CSP refuses. */
class OwnPage extends ExpressAdapter {
  constructor() {
    super();
    this.app.disable('x-powered-by');
  }

  override setEntryRoute({ route, handler }: AppViewRoute): ExpressAdapter {
    this.app.get(route, (_request: Request, response: Response, next: NextFunction) => {
      const { name, params } = handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      response.render(name, params, (error: Error | null, html: string) => {
        if (error !== null) next(error);
        else response.type('html').send(html.replace(/<link [^>]*href="https?:[^>]*>/g, ''));
      });
    });
    return this;
  }
}

/** A redacted job that is written back would be destroyed; new jobs are added by the platform only. */
const neverWritable = /\/(?:add|update-data)$/;

const hooks: BoardHooks = {
  before: ({ method, route }) =>
    method !== 'get' && neverWritable.test(route)
      ? { allow: false, status: 403, message: 'Jobs are shown redacted and cannot be written.' }
      : undefined,
  after: (_context, result) => ({ ...result, body: redactAnswer(result.body) }),
};

const redactions: Readonly<Record<string, (value: unknown) => unknown>> = {
  data: redact,
  template: redact,
  progress: redact,
  returnValue: redactOutcome,
  failedReason: redactTexts,
  deferredFailure: redactTexts,
  ignoredChildFailureReasons: redactTexts,
  stacktrace: redactTexts,
};

/**
 * The library's formatters do not suffice: they receive only data, progress and return value of listed jobs, not those of a
 * flow or a scheduler, nor errors and logs.
 */
// biome-ignore lint/suspicious/noExplicitAny: the library's own type of a body
function redactAnswer(body: any): any {
  // Logs are the only answers that are lists.
  if (Array.isArray(body)) return redactTexts(body);
  return redactMembers(body);
}

function redactMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactMembers);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, (redactions[name] ?? redactMembers)(member)]),
  );
}

function redactTexts(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redactTexts);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, redactTexts(text)]));
}
