import type { IncomingMessage } from 'node:http';
import type { CookieOptions, Response } from 'express';
import { readCookie } from '../http/read-cookie.ts';

/** Where the browser of an operator keeps its session. No other site can make the browser send it. */
export class SessionCookie {
  readonly #name: string;
  readonly #options: CookieOptions;

  constructor(publicUrl: string) {
    const secure = publicUrl.startsWith('https:');
    // The prefix keeps other hosts of our domain from setting it.
    this.#name = secure ? '__Host-wx' : 'wx';
    this.#options = { httpOnly: true, secure, sameSite: 'strict', path: '/' };
  }

  /** The session's secret, as far as its shape is right. */
  read(request: IncomingMessage): string | undefined {
    return readCookie(request, this.#name, /^[A-Za-z0-9_-]{43}$/);
  }

  give(response: Response, secret: string, expiresAt: Date): void {
    response.cookie(this.#name, secret, { ...this.#options, maxAge: expiresAt.getTime() - Date.now() });
  }

  remove(response: Response): void {
    response.clearCookie(this.#name, this.#options);
  }
}
