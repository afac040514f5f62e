import { createHash } from 'node:crypto';
import { type ComponentApi, consentUrl, Failure } from '@wxthirdparty/wechat';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import type { Components } from '../component/components.ts';
import { refuseUnlessReady } from '../component/status.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Seals } from '../sealing/seals.ts';
import type { AuthorizationLink, ConsentOptions } from './authorization-link.ts';
import { type AuthorizationLinks, mismatch } from './authorization-links.ts';
import type { CodeExchange } from './code-exchange.ts';
import type { AuthorizationOutcome, CodeIntake } from './code-intake.ts';
import { hashOfCode } from './code-ties.ts';
import type { LinkStore } from './link-store.ts';

/** A pre-auth code is valid for half an hour, the code that follows it for an hour (protocol §3.3, §3.5). */
const STATE_TTL_MS = 2 * 60 * 60_000;

/** A browser that asks to be sent to WeChat. */
export interface Visit {
  readonly component: string;
  /** What the merchant is asked for, or the link that contains it. */
  readonly options: ConsentOptions | { readonly linkId: string };
  /** If the options have no style. */
  readonly styleOfBrowser: 'pc' | 'mobile';
  /** Random, and known to this browser only. */
  readonly browser: string;
  /** Our own callback for this component. */
  readonly callbackUrl: string;
}

/** What is sent to WeChat and back in the callback's address. */
interface Carried {
  readonly browserHash: string;
  readonly linkId: string | null;
  readonly authType: number;
  readonly bizAppid: string | null;
  readonly returnTo: string | null;
  readonly until: number;
}

/** The outcome of a visit. `pending`: the exchange goes on; ask again. */
export type Return =
  | { readonly outcome: 'authorized'; readonly appid: string; readonly returnTo: string | null }
  | { readonly outcome: 'failed'; readonly code: string; readonly message: string; readonly returnTo: string | null }
  | { readonly outcome: 'pending' };

export interface ConsentsOptions {
  readonly redis: RedisClient;
  readonly api: ComponentApi;
  readonly bases: { readonly mpBase: string; readonly openBase: string };
  readonly components: Components;
  readonly seals: Seals;
  readonly links: AuthorizationLinks;
  readonly linkStore: LinkStore;
  readonly authorizers: AuthorizerStore;
  readonly codes: CodeIntake;
  readonly exchange: CodeExchange;
}

/** The browser's way to WeChat's consent page and back. */
export class Consents {
  readonly #deps: ConsentsOptions;

  constructor(options: ConsentsOptions) {
    this.#deps = options;
  }

  /**
   * The URL to which the browser is sent, with a pre-auth code of its own: a code is one attempt (protocol §3.3). Throws Failure
   * `unknown_component`, `unknown_link`, `link_used`, `link_expired`, `not_ready`, or WeChat's refusal.
   */
  async start(visit: Visit): Promise<{ readonly url: string }> {
    const { api, components, linkStore, redis, bases } = this.#deps;
    const { appid } = components.get(visit.component);
    const link = 'linkId' in visit.options ? await this.#usable(appid, visit.options.linkId) : undefined;
    const options = link ?? (visit.options as ConsentOptions);
    await refuseUnlessReady(redis, appid);
    const { preAuthCode } = await api.createPreAuthCode({ appid });
    // The link may have been used since it was read.
    if (link && !(await linkStore.open(link.id, hashOfCode(appid, preAuthCode)))) await this.#usable(appid, link.id);
    const state = this.#seal(appid, {
      browserHash: hashOfBrowser(visit.browser),
      linkId: link?.id ?? null,
      authType: options.authType,
      bizAppid: options.bizAppid,
      // A link keeps it in SQL; the address of the callback should stay short.
      returnTo: link ? null : options.returnTo,
      until: Date.now() + STATE_TTL_MS,
    });
    const url = consentUrl(
      {
        style: options.style ?? visit.styleOfBrowser,
        component: appid,
        preAuthCode,
        redirectUri: `${visit.callbackUrl}?state=${state}`,
        authType: options.authType,
        bizAppid: options.bizAppid ?? undefined,
        categoryIdList: options.categoryIdList ?? undefined,
      },
      bases,
    );
    return { url };
  }

  /** For a program that sends the merchant to WeChat itself. Throws Failure `unknown_component`, `not_ready`, or WeChat's refusal. */
  async createPreAuthCode(component: string): ReturnType<ComponentApi['createPreAuthCode']> {
    const { api, components, redis } = this.#deps;
    const { appid } = components.get(component);
    await refuseUnlessReady(redis, appid);
    return api.createPreAuthCode({ appid });
  }

  /**
   * The browser is back with a code. Waits up to `waitMs` for the exchange. Throws Failure `unknown_component`,
   * `consent_mismatch` if this browser was not sent to WeChat with that state, `consent_expired`.
   */
  async comeBack(
    back: { readonly component: string; readonly state: string; readonly browser: string; readonly code: string },
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Return> {
    const { codes, components } = this.#deps;
    const component = components.get(back.component).appid;
    const carried = this.#depspen(component, back.state, back.browser);
    const codeHash = hashOfCode(component, back.code);
    if (carried.linkId !== null) await codes.ties.fromBrowser(component, codeHash, carried.linkId);

    const outcome = await this.#deps.exchange.run(component, back.code, { waitMs, signal, withProfile: true });
    if (outcome === 'pending') return { outcome: 'pending' };
    await this.#deps.links.settle(component, codeHash, outcome);
    return this.#result(component, carried, outcome);
  }

  async #result(component: string, carried: Carried, outcome: AuthorizationOutcome): Promise<Return> {
    const link = carried.linkId === null ? undefined : await this.#deps.linkStore.find(carried.linkId);
    const returnTo = link ? link.returnTo : carried.returnTo;
    if (outcome.outcome === 'failed') {
      return { outcome: 'failed', code: outcome.code, message: outcome.message, returnTo };
    }
    const { appid } = outcome;
    const wrong = mismatch(link ?? carried, appid, await this.#deps.authorizers.find(component, appid));
    if (wrong) return { outcome: 'failed', ...wrong, returnTo };
    if (link && link.appid !== null && link.appid !== appid) {
      return { outcome: 'failed', code: 'link_used', message: 'Another account has used this link.', returnTo };
    }
    return { outcome: 'authorized', appid, returnTo };
  }

  async #usable(component: string, linkId: string): Promise<AuthorizationLink> {
    const link = await this.#deps.links.find(linkId);
    if (link.component !== component) {
      throw new Failure('unknown_link', 'fix-request', 'There is no such authorization link.');
    }
    if (link.state === 'authorized') {
      throw new Failure('link_used', 'fix-request', 'The link has been used; ask for a new one.');
    }
    if (link.expiresAt.getTime() <= Date.now()) {
      throw new Failure('link_expired', 'fix-request', 'The link has expired; ask for a new one.');
    }
    return link;
  }

  #seal(component: string, carried: Carried): string {
    return this.#deps.seals.seal(JSON.stringify(carried), place(component));
  }

  #depspen(component: string, state: string, browser: string): Carried {
    let carried: Carried;
    try {
      carried = JSON.parse(this.#deps.seals.open(state, place(component))) as Carried;
    } catch {
      throw notThisBrowser();
    }
    if (carried.browserHash !== hashOfBrowser(browser)) throw notThisBrowser();
    if (carried.until <= Date.now()) {
      throw new Failure('consent_expired', 'fix-request', 'The consent took too long; start again.');
    }
    return carried;
  }
}

/** A browser must bring back the state that it was given, so that no user consents in another's name. */
function notThisBrowser(): Failure {
  return new Failure('consent_mismatch', 'fix-request', 'This consent was not started in this browser; start again.');
}

function hashOfBrowser(browser: string): string {
  return createHash('sha256').update(`consent\0${browser}`).digest('base64url');
}

function place(component: string): string {
  return `${component}/${component}/consent`;
}
