import type { WeChatResponse } from './transport.ts';

export type Answer =
  | {
      readonly kind: 'json';
      /** Integers beyond 2^53 are strings here. */
      readonly value: unknown;
      /** As WeChat sent it, but for the control characters. */
      readonly text: string;
      /** 0 when absent. */
      readonly errcode: number;
      readonly errmsg: string;
      readonly rid: string | undefined;
    }
  | { readonly kind: 'binary'; readonly contentType: string }
  | { readonly kind: 'broken'; readonly why: 'empty' | 'html' | 'http_status' | 'not_json'; readonly status: number };

export function readAnswer(_response: WeChatResponse, _expects: 'json' | 'any' = 'json'): Answer {
  throw new Error('not yet');
}
