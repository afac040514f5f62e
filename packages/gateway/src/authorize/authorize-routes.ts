import { NotReadyFailure } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { isOutage } from '../contract/is-outage.ts';
import { problemOf } from '../contract/problem.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { AttemptLimiter } from '../http/attempt-limiter.ts';
import { describeError } from '../http/describe-error.ts';
import { type Language, languageOf } from '../http/language.ts';
import { callbackUrl, type PublicUrl } from '../http/public-url.ts';
import { requestIdOf } from '../http/request-id.ts';
import type { Shutdown } from '../http/shutdown.ts';
import { readAuthorizeQuery } from './authorize-query.ts';
import { BrowserCookie } from './browser-cookie.ts';
import { factLabels, pages, wordsOf } from './messages.ts';
import { type Fact, type Page, sendPage } from './page.ts';
import type { ReturnTo } from './return-to.ts';

/** Browsers and proxies give up much later; people earlier. */
const EXCHANGE_TIMEOUT_MS = 12_000;
const RELOAD_S = 3;

/**
 * Each opening takes a pre-auth code of the component's quota, which ends in a day: a code is one attempt (protocol §3.3), so
 * none is used twice. Openings of a link are counted per link, since only its receivers know it; all others per address.
 */
const OPENINGS = { failures: 60, windowMs: 10 * 60_000 };

/** The browser's side of a consent: pages, not problems. */
export function authorizeRoutes(
  platform: GatewayPlatform,
  settings: { readonly publicUrl: PublicUrl; readonly returnTo: ReturnTo },
  shutdown: Shutdown,
  log: Logger,
): Router {
  const { publicUrl, returnTo } = settings;
  const routes = Router();
  const openings = { byLink: new AttemptLimiter(OPENINGS), byAddress: new AttemptLimiter(OPENINGS) };
  const page = (request: Request, response: Response, rest: Omit<Page, 'language'>) =>
    sendPage(response, { language: languageOf(request.headers['accept-language']), ...rest });

  routes.get('/authorize/:component', async (request, response) => {
    // A HEAD request, which only checks that the link exists, uses no pre-auth code.
    if (request.method === 'HEAD') return void response.set('cache-control', 'no-store').end();
    if (elsewhere(request, response, publicUrl)) return;
    const query = readAuthorizeQuery(request.query);
    const { component } = request.params;
    if (query.link === undefined) countOpening(openings.byAddress, request.ip ?? '');
    else countOpening(openings.byLink, query.link);
    const { url } = await platform.consents.start({
      component,
      options:
        query.link === undefined
          ? {
              style: query.style ?? null,
              authType: query.auth_type,
              bizAppid: query.biz_appid ?? null,
              categoryIdList: query.category_id_list ?? null,
              returnTo: query.return_to === undefined ? null : returnTo.check(query.return_to),
            }
          : { linkId: query.link },
      styleOfBrowser: styleOf(request.headers['user-agent']),
      browser: new BrowserCookie(publicUrl()).give(request, response),
      callbackUrl: callbackUrl(publicUrl, component),
    });
    const language = languageOf(request.headers['accept-language']);
    sendPage(response, {
      status: 200,
      language,
      words: pages.toWeChat[language],
      fill: { host: new URL(publicUrl()).host },
      mood: 'calm',
      button: { href: url, label: language === 'zh' ? '前往微信授权' : 'Go to WeChat' },
      next: { redirectTo: url },
    });
  });

  routes.get('/authorize/:component/callback', async (request, response) => {
    const { state, auth_code: code } = request.query;
    const browser = new BrowserCookie(publicUrl()).read(request);
    if (typeof state !== 'string' || browser === undefined) {
      throw new Failure('consent_mismatch', 'fix-request', 'This consent was not started in this browser.');
    }
    if (typeof code !== 'string' || code === '' || code.length > 512) {
      throw new Failure('consent_missing', 'fix-request', 'The callback holds no auth_code.');
    }
    const waiting = new AbortController();
    const stop = shutdown.stopWaiting.onFire(() => waiting.abort());
    response.once('close', () => waiting.abort());
    const { component } = request.params;
    const back = await platform.consents
      .comeBack({ component, state, browser, code }, EXCHANGE_TIMEOUT_MS, waiting.signal)
      .finally(stop);
    const language = languageOf(request.headers['accept-language']);
    if (back.outcome === 'pending') {
      page(request, response, {
        status: 202,
        words: pages.pending[language],
        mood: 'calm',
        next: { reloadS: RELOAD_S },
      });
    } else if (back.outcome === 'failed') {
      throw new Failure(back.code, 'fix-request', back.message);
    } else if (back.returnTo !== null) {
      // Checked when it was given; an origin may have been taken off the list since.
      response.set('cache-control', 'no-store').redirect(303, returnTo.check(back.returnTo));
    } else {
      page(request, response, {
        status: 200,
        words: pages.authorized[language],
        facts: await factsOf(platform, component, back.appid, language),
        mood: 'good',
      });
    }
  });

  routes.use('/authorize', async (error: unknown, request: Request, response: Response, next: (e: unknown) => void) => {
    if (response.headersSent) return next(error);
    const incident = requestIdOf(response);
    const language = languageOf(request.headers['accept-language']);
    if (!(error instanceof Failure)) {
      const status = (await isOutage(error, platform)) ? 503 : 500;
      if (status === 500) log.error({ requestId: incident, error: describeError(error) }, 'authorization page failed');
      const fill = { incident };
      return sendPage(response, { status, language, words: wordsOf('unexpected', language), fill, mood: 'bad' });
    }
    if (error.retryAfterMs !== undefined) response.set('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
    sendPage(response, {
      status: statusOf(error, incident),
      language,
      words: wordsOf(error.code, language),
      fill: { detail: error.message },
      mood: 'bad',
      ...(error instanceof NotReadyFailure ? { next: { reloadS: 5 } } : {}),
    });
  });

  return routes;
}

/** The account and the platform. The consent is stored, so a profile that cannot be read is only missing. */
async function factsOf(
  platform: GatewayPlatform,
  component: string,
  appid: string,
  language: Language,
): Promise<readonly Fact[]> {
  const account = await platform.authorizers.find(appid, component).catch(() => undefined);
  const labels = factLabels[language];
  return [
    { label: labels[account?.kind ?? 'account'], value: account?.nickName || undefined, id: appid },
    { label: labels.platform, id: component },
  ];
}

/** Throws Failure `too_many_openings`. */
function countOpening(openings: AttemptLimiter, opener: string): void {
  const blockedMs = openings.blockedMs(opener);
  if (blockedMs > 0) {
    throw new Failure('too_many_openings', 'slow-down', 'The authorization page was opened too often.', {
      retryAfterMs: blockedMs,
    });
  }
  openings.failed(opener);
}

/** The cookie would belong to this host, and WeChat would see this host: start again on the right one. */
function elsewhere(request: Request, response: Response, publicUrl: PublicUrl): boolean {
  const here = request.host ?? '';
  const there = new URL(publicUrl());
  if (here.toLowerCase() === there.host) return false;
  const language = languageOf(request.headers['accept-language']);
  sendPage(response, {
    status: 421,
    language,
    words: wordsOf('entry_domain', language),
    fill: { here, host: there.host },
    mood: 'bad',
    button: {
      href: publicUrl() + request.originalUrl,
      label: language === 'zh' ? `前往 ${there.host}` : `Go to ${there.host}`,
    },
  });
  return true;
}

function styleOf(userAgent: string | undefined): 'pc' | 'mobile' {
  return /MicroMessenger(?!.*(?:Windows|Mac)Wechat)|Mobile|Android|iPhone/i.test(userAgent ?? '') ? 'mobile' : 'pc';
}

const STATUSES: Readonly<Record<string, number>> = {
  link_expired: 410,
  link_used: 410,
  consent_mismatch: 403,
  wrong_account: 409,
  wrong_account_type: 409,
};

function statusOf(failure: Failure, incident: string): number {
  return STATUSES[failure.code] ?? problemOf(failure, incident).status;
}
