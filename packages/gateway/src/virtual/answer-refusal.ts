import type { ServerResponse } from 'node:http';
import { endUnread } from '../http/end-unread.ts';
import type { Refusal } from './refusal.ts';

/** WeChat refuses with HTTP 200; SDKs read only the errcode, which is returned. */
export function answerRefusal(response: ServerResponse, { errcode, errmsg }: Refusal): number {
  endUnread(response.req, response);
  answerJson(response, { errcode, errmsg });
  return errcode;
}

export function answerJson(response: ServerResponse, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length });
  response.end(body);
}
