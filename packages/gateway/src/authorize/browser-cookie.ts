import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { readCookie } from '../http/read-cookie.ts';

const LIVES_S = 2 * 60 * 60;

/**
 * A random name for the browser that opened a consent page. What comes back from WeChat counts only in that browser:
 * so that no user is made to consent in another's name, or brings a consent to another's link.
 */
export class BrowserCookie {
  readonly #secure: boolean;
  readonly #name: string;

  constructor(publicUrl: string) {
    this.#secure = publicUrl.startsWith('https:');
    // The prefix keeps other hosts of our domain from setting it.
    this.#name = this.#secure ? '__Host-wx_consent' : 'wx_consent';
  }

  /** Undefined where the browser brought none, or none of ours. */
  read(request: Request): string | undefined {
    return readCookie(request, this.#name, /^[A-Za-z0-9_-]{32}$/);
  }

  /** The same for all visits of one browser, so that two tabs do not spoil each other. */
  give(request: Request, response: Response): string {
    const browser = this.read(request) ?? randomBytes(24).toString('base64url');
    response.cookie(this.#name, browser, {
      httpOnly: true,
      secure: this.#secure,
      // Lax: WeChat's page sends the browser back to us.
      sameSite: 'lax',
      path: '/',
      maxAge: LIVES_S * 1000,
    });
    return browser;
  }
}
