import { setTimeout as pause } from 'node:timers/promises';

const RELOAD_MS = 500;

/** A merchant's browser: keeps cookies for each host, and follows no redirect by itself. */
export class Browser {
  readonly #language: string;
  readonly #cookies = new Map<string, Map<string, string>>();

  constructor(language = 'zh-CN,zh;q=0.9') {
    this.#language = language;
  }

  async open(url: string, init: RequestInit = {}): Promise<{ status: number; headers: Headers; text: string }> {
    const host = new URL(url).host;
    const cookies = [...(this.#cookies.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { 'accept-language': this.#language, ...(cookies ? { cookie: cookies } : {}), ...init.headers },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = cookie.split(';')[0]!.split('=');
      const jar = this.#cookies.get(host) ?? new Map<string, string>();
      this.#cookies.set(host, jar.set(name, value));
    }
    const text = await response.text();
    // The page reloads itself until the code is exchanged.
    if (response.status === 202) {
      await pause(RELOAD_MS);
      return this.open(url, init);
    }
    return { status: response.status, headers: response.headers, text };
  }

  /** Opens a page of ours that redirects by itself; returns WeChat's address from its meta refresh. */
  async leavePage(url: string): Promise<string> {
    const { status, text } = await this.open(url);
    const onward = /http-equiv="refresh" content="\d+;url=([^"]+)"/.exec(text)?.[1];
    if (status !== 200 || onward === undefined) throw new Error(`${status}: ${text}`);
    return onward.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  }

  /** Presses the account's button on WeChat's page; returns the address to which WeChat sends the browser back. */
  async consent(wechatUrl: string, appid: string): Promise<string> {
    const { status, headers, text } = await this.open(wechatUrl, {
      method: 'POST',
      body: new URLSearchParams({ appid }),
    });
    const location = headers.get('location');
    if (location === null) throw new Error(`WeChat refused the consent: ${status} ${text}`);
    return location;
  }
}
