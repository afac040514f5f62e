import { WebhookError } from './webhook-error.ts';

/** The body of a request exactly as it arrived. A text is taken as UTF-8. */
export type RawBody = string | Uint8Array | ArrayBuffer;

/** The bytes of a body, or undefined for what a body parser made of them. */
export function bytesOfBody(body: unknown): Uint8Array | undefined {
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  return undefined;
}

export function rawBodyNeeded(): WebhookError {
  return new WebhookError(
    'raw_body_needed',
    'the body was parsed before it could be verified: the signature covers the bytes as they arrived. Mount this handler before express.json() and every other body parser, or use express.raw({ type: "*/*" }) on its path',
  );
}
