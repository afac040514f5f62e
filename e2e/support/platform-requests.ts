/**
 * How a program for third-party platforms writes its requests, taken from the source of a library that does not run here. The path,
 * the members of the body and their order are the same in all of them.
 */
export interface RequestStyle {
  readonly contentType: string;
  json(body: object): string;
  /** The token as part of a URL. */
  query(name: string, token: string): string;
}

const asIs = (name: string, token: string) => `${name}=${token}`;

/** PHP escapes slashes and everything that is not ASCII. */
const phpJson = (body: object) =>
  JSON.stringify(body)
    .replaceAll('/', '\\/')
    .replace(/[^\x00-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

export const requestStyles = {
  'EasyWeChat 6 (PHP)': {
    contentType: 'application/json',
    json: phpJson,
    query: (name, token) => new URLSearchParams({ [name]: token }).toString(),
  },
  'WxJava 4 (Java)': { contentType: 'application/json; charset=utf-8', json: JSON.stringify, query: asIs },
  'Senparc.Weixin.Open (.NET)': {
    contentType: 'application/octet-stream',
    json: JSON.stringify,
    query: (name, token) => `${name}=${encodeURIComponent(token)}`,
  },
} as const satisfies Record<string, RequestStyle>;

type Answer = Readonly<Record<string, unknown>>;

/** A program that writes its requests in one style. */
export class PlatformRequests {
  readonly #style: RequestStyle;
  readonly #baseUrl: string;
  readonly #component: string;

  constructor(style: RequestStyle, baseUrl: string, component: string) {
    this.#style = style;
    this.#baseUrl = baseUrl;
    this.#component = component;
  }

  /** An API that takes the component's token, e.g. `api_query_auth`; the appid of the component is the first member. */
  ask(api: string, token: string, body: object = {}): Promise<Answer> {
    const path = `/cgi-bin/component/${api}?${this.#style.query('component_access_token', token)}`;
    return this.post(path, { component_appid: this.#component, ...body });
  }

  /** `api_component_token`, to which every library sends the ticket that it holds. */
  token(secret: string, ticket: string): Promise<Answer> {
    return this.post('/cgi-bin/component/api_component_token', {
      component_appid: this.#component,
      component_appsecret: secret,
      component_verify_ticket: ticket,
    });
  }

  async post(path: string, body: object): Promise<Answer> {
    const response = await fetch(this.#baseUrl + path, {
      method: 'POST',
      headers: { 'content-type': this.#style.contentType },
      body: this.#style.json(body),
    });
    return answerOf(response);
  }

  /** With the token after the other parameters. */
  async get(path: string, name: 'access_token' | 'component_access_token', token: string): Promise<Answer> {
    const joint = path.includes('?') ? '&' : '?';
    return answerOf(await fetch(`${this.#baseUrl}${path}${joint}${this.#style.query(name, token)}`));
  }
}

/** WeChat answers 200 always; these libraries throw at anything else. */
async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text);
}
