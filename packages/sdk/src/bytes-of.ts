import type { FileAnswer } from './endpoint-types.ts';

/** The bytes of a file that WeChat answered. */
export function bytesOf({ base64 }: FileAnswer): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
