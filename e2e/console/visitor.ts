import type { Browser, BrowserContext, Page, Request, Route } from 'playwright-core';
import { SecretSearch } from '../support/secret-search.ts';
import { until } from '../support/until.ts';
import { BROWSER_TIMEOUT_MS } from './chromium.ts';

export type Language = 'zh' | 'en';
export type Scheme = 'light' | 'dark';

/** What is visited: a deployment of a story, or the demo. */
export interface Visited {
  readonly adminPassword: string;
  readonly component: { readonly appsecret: string; readonly token: string; readonly encodingAesKey: string };
  gatewayUrl(gateway?: number): string;
  /** All that WeChat has issued, by kind. */
  secrets(): Promise<Record<string, string[]>>;
}

/** What the API does with the page's requests: its own answer, none yet, or 503 as when Redis is away. */
export type Answering = 'really' | 'not-yet' | 'unavailable';

export interface Options {
  readonly language?: Language;
  readonly scheme?: Scheme;
  readonly width?: number;
  readonly height?: number;
  readonly gateway?: number;
}

/** What the page must be allowed to do to be shown at all; everything else is a fault. */
const HARMLESS = /^(?:data|blob|about):/;

const UNAVAILABLE = {
  type: 'about:blank',
  title: 'Redis or the database is unavailable',
  status: 503,
  detail: 'Redis does not answer.',
  code: 'unavailable',
  remedy: 'retry',
  retryAfter: 5,
};

/** A form, which reads nothing. */
const QUIET = '/keys/new';

/** Runs in the page, before its own scripts. */
const REPORT_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) => {
  reportViolation(event.effectiveDirective + ' ' + event.blockedURI + ' ' + event.sample + ' at ' + event.sourceFile);
});`;

/**
 * An operator's browser. `faults` collects what no page of the console may do: violate its policy, throw, request another
 * origin, receive or show a secret of WeChat.
 */
export class Visitor {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #visited: Visited;
  readonly #origin: string;
  readonly #faults: string[] = [];
  #answering: Answering | undefined;
  readonly #waiting: Route[] = [];
  readonly #answers: Promise<{ url: string; body: Buffer } | undefined>[] = [];

  private constructor(visited: Visited, context: BrowserContext, page: Page, origin: string) {
    this.#visited = visited;
    this.#context = context;
    this.#origin = origin;
    this.page = page;
  }

  static async open(browser: Browser, visited: Visited, options: Options = {}): Promise<Visitor> {
    const { language = 'zh', scheme = 'light', width = 1280, height = 800, gateway = 0 } = options;
    const origin = visited.gatewayUrl(gateway);
    const context = await browser.newContext({
      locale: language === 'zh' ? 'zh-CN' : 'en-US',
      colorScheme: scheme,
      viewport: { width, height },
      timezoneId: 'Asia/Shanghai',
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(BROWSER_TIMEOUT_MS);
    const page = await context.newPage();
    const visitor = new Visitor(visited, context, page, origin);
    await visitor.#watch();
    return visitor;
  }

  async #watch(): Promise<void> {
    const { page } = this;
    await page.exposeFunction('reportViolation', (violation: string) => this.#faults.push(`policy: ${violation}`));
    await page.addInitScript({ content: REPORT_VIOLATIONS });
    page.on('pageerror', (error) => this.#faults.push(`page error: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${this.#origin}/`) && !HARMLESS.test(url)) this.#faults.push(`foreign request: ${url}`);
    });
    // Not `response`: the body of an answer that the page abandons never arrives.
    page.on('requestfinished', (request) => this.#answers.push(bodyOf(request)));
  }

  /** Opens a path of the console and waits until nothing is loaded any more. */
  async goto(path: string): Promise<void> {
    await this.page.goto(`${this.#origin}/admin${path}`);
    await this.settled();
  }

  /**
   * Opens a path as a link of the page does, so that the page keeps what it has read, and waits for the heading of the screen.
   */
  async walk(path: string): Promise<void> {
    const { page } = this;
    // A screen of the same route would be the same element; so another one is between them.
    const isQuiet = new URL(page.url()).pathname.endsWith(QUIET);
    for (const step of isQuiet ? [path] : [QUIET, path]) {
      await page.evaluate(`document.querySelector('main h1').dataset.passed = '';
        history.pushState({}, '', ${JSON.stringify(`/admin${step}`)})`);
      await page.locator('main h1[data-passed]').waitFor({ state: 'detached' });
      await page.locator('main h1').waitFor();
    }
  }

  /** What the API does from now on; what it has not answered yet, it answers. */
  async api(answering: Answering): Promise<void> {
    const isFirst = this.#answering === undefined;
    this.#answering = answering;
    if (isFirst) await this.page.route(/\/v1\//, (route) => this.#answer(route));
    if (answering === 'not-yet') return;
    await Promise.all(this.#waiting.splice(0).map((route) => this.#answer(route)));
  }

  async #answer(route: Route): Promise<void> {
    if (this.#answering === 'not-yet') {
      this.#waiting.push(route);
      return;
    }
    const body = JSON.stringify(UNAVAILABLE);
    const headers = { 'x-request-id': '01JE0000000000000000000000' };
    const answer = { status: 503, contentType: 'application/problem+json', headers, body };
    // The page may have abandoned the request.
    await (this.#answering === 'unavailable' ? route.fulfill(answer) : route.continue()).catch(() => {});
  }

  /** No placeholder is shown, and the heading of a screen is. */
  async settled(): Promise<void> {
    await this.page.locator('h1').first().waitFor();
    // Playwright's own wait for a function evaluates it later, which the page's policy forbids.
    await until('nothing is loaded', async () => (await this.page.locator('[aria-busy="true"]').count()) === 0);
  }

  async signIn(): Promise<void> {
    await this.goto('/sign-in');
    await this.enterPassword(this.#visited.adminPassword);
    await this.page.waitForURL((url) => !url.pathname.endsWith('/sign-in'));
    await this.settled();
  }

  /** On the page that asks for it. */
  async enterPassword(password: string): Promise<void> {
    await this.page.fill('input[name="username"]', 'admin');
    await this.page.fill('input[name="password"]', password);
    await this.page.click('button[type="submit"]');
  }

  async setTheme(theme: Scheme): Promise<void> {
    await this.page.emulateMedia({ colorScheme: theme });
  }

  /** The faults so far, with the secrets that the page has received or shows. */
  async faults(): Promise<string[]> {
    const secrets = await this.#visited.secrets();
    const { appsecret, token, encodingAesKey } = this.#visited.component;
    const search = new SecretSearch({
      ...secrets,
      appsecret: [appsecret],
      token: [token],
      encodingAesKey: [encodingAesKey],
    });
    const received = (await Promise.all(this.#answers)).filter((answer) => answer !== undefined);
    return [
      ...this.#faults,
      ...received.flatMap(({ url, body }) => search.find(url, body)),
      ...search.find(`the page ${this.page.url()}`, Buffer.from(await this.page.content())),
    ];
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

/** Undefined if the page has gone before its answer could be read. */
async function bodyOf(request: Request): Promise<{ url: string; body: Buffer } | undefined> {
  const url = request.url();
  if (new URL(url).pathname.startsWith('/admin/assets/')) return undefined;
  const response = await request.response().catch(() => null);
  const body = await response?.body().catch(() => undefined);
  return body === undefined ? undefined : { url, body };
}
