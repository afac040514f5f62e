import { isUtf8 } from 'node:buffer';
import type { Call, CallResponse } from '@wxthirdparty/platform';
import { maskRefreshTokens, parseWeChatJson } from '@wxthirdparty/wechat';
import type { z } from 'zod';
import type { CallAnswer } from './call-schema.ts';

/** How a call looks to business programs. */
export function callAnswer(call: Call): z.input<typeof CallAnswer> {
  return {
    id: call.id,
    state: call.state,
    attempts: call.attempts,
    createdAt: call.createdAt,
    settledAt: call.settledAt,
    response:
      call.response === null
        ? null
        : { status: call.response.status, headers: call.response.headers, body: bodyOf(call.path, call.response) },
    failure:
      call.failure === null
        ? null
        : {
            code: call.failure.code,
            remedy: call.failure.remedy,
            message: call.failure.message,
            errcode: call.failure.errcode ?? null,
            rid: call.failure.rid ?? null,
          },
    quota: call.quota,
  };
}

/** A call whose record cannot be read just now. It is no refusal: who repeated it would have it sent twice. */
export function acceptedAnswer(id: string, acceptedAt: Date): z.input<typeof CallAnswer> {
  return {
    ...{ id, state: 'queued', attempts: 0, createdAt: acceptedAt, settledAt: null },
    ...{ response: null, failure: null, quota: null },
  };
}

/** WeChat's content types are unreliable (dossier §9): what parses as JSON is JSON. */
function bodyOf(path: string, { headers, body }: CallResponse): unknown {
  const contentType = headers['content-type'] ?? '';
  if (looksLikeJson(body)) {
    try {
      const value = parseWeChatJson(body.toString('utf8'));
      // A merchant's refresh token is the lasting consent and never leaves the platform; what a person's login answers is
      // the business's to keep.
      return path.toLowerCase().startsWith('/sns/') ? value : maskRefreshTokens(value);
    } catch {
      // A text or a file that only begins like JSON.
    }
  }
  if (/^text\/|json|xml/i.test(contentType) || (contentType === '' && isUtf8(body))) return body.toString('utf8');
  return { base64: body.toString('base64'), contentType: contentType || 'application/octet-stream' };
}

function looksLikeJson(body: Buffer): boolean {
  return /^(?:\uFEFF)?\s*[[{]/.test(body.subarray(0, 64).toString('utf8'));
}
