import type { GatewayAddress } from './gateway-address.ts';
import { badStatus, unreachable, wechatFailure } from './gateway-failure.ts';
import { ThirdpartyError } from './thirdparty-error.ts';

/** A token of the gateway: it works there as an access token does at WeChat, and nowhere else. */
export interface VirtualToken {
  readonly value: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** The gateway answers at once; only `api_create_preauthcode` waits for WeChat. */
const ANSWER_TIMEOUT_MS = 35_000;
/** A token that is passed on is valid for this long at least. */
const MIN_LIFE_MS = 10 * 60_000;
const MAX_TOKENS = 10_000;

/** The gateway's tokens for the accounts of one component, and for the component itself. */
export class VirtualWeChat {
  readonly #gateway: string;
  readonly #apiKey: string;
  readonly #component: string;
  readonly #tokens = new Map<string, VirtualToken>();
  readonly #issuing = new Map<string, Promise<VirtualToken>>();

  constructor({ gateway, apiKey }: GatewayAddress, component: string) {
    this.#gateway = gateway;
    this.#apiKey = apiKey;
    this.#component = component;
  }

  /** The token of an account, or of the component; callers at the same time share one request. */
  async token(appid: string): Promise<VirtualToken> {
    const known = this.#tokens.get(appid);
    if (known !== undefined && known.expiresAt.getTime() - Date.now() > MIN_LIFE_MS) return known;
    const underWay = this.#issuing.get(appid);
    if (underWay !== undefined) return underWay;
    const issuing = this.#issue(appid).finally(() => this.#issuing.delete(appid));
    this.#issuing.set(appid, issuing);
    return issuing;
  }

  /** The gateway has refused the token: the next caller gets another one. */
  forget(appid: string, value: string): void {
    if (this.#tokens.get(appid)?.value === value) this.#tokens.delete(appid);
  }

  /** A new pre-authorization code: each is good for one consent (protocol §3.3). */
  async preAuthCode(): Promise<string> {
    const { value } = await this.token(this.#component);
    const path = `/cgi-bin/component/api_create_preauthcode?component_access_token=${value}`;
    const { pre_auth_code: code } = await this.#post(path, { component_appid: this.#component });
    return String(code);
  }

  /** By POST, because a query is written to the logs of proxies. */
  async #issue(appid: string): Promise<VirtualToken> {
    const issuedAt = new Date();
    const { access_token: value, expires_in: lifeS } = await this.#post('/cgi-bin/stable_token', {
      grant_type: 'client_credential',
      appid: appid === this.#component ? appid : `${this.#component}:${appid}`,
      secret: this.#apiKey,
    });
    const expiresAt = new Date(issuedAt.getTime() + Number(lifeS) * 1000);
    const token: VirtualToken = { value: String(value), issuedAt, expiresAt };
    const oldest = this.#tokens.keys().next();
    if (this.#tokens.size >= MAX_TOKENS && !oldest.done) this.#tokens.delete(oldest.value);
    this.#tokens.set(appid, token);
    return token;
  }

  async #post(path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#gateway + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      text = await response.text();
    } catch (error) {
      throw unreachable(false, error);
    }
    if (!response.ok) throw badStatus(response.status);
    const answer = jsonOf(text);
    if (typeof answer.errcode === 'number' && answer.errcode !== 0) {
      throw wechatFailure(answer.errcode, String(answer.errmsg));
    }
    return answer;
  }
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>;
  } catch {
    // Reported below.
  }
  throw new ThirdpartyError('something else than the gateway answered at its address', {
    code: 'not_a_gateway',
    remedy: 'fix-request',
  });
}
