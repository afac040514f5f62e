import { type House, SERVICE_ACCOUNT } from './house.ts';

export const COMPONENT_TOKEN = '/cgi-bin/component/api_component_token';
export const AUTHORIZER_TOKEN = '/cgi-bin/component/api_authorizer_token';
export const USER_INFO = '/cgi-bin/user/info';
export const SEND_MESSAGE = '/cgi-bin/message/custom/send';

/** What WeChat has counted so far of what the token stories are about. */
export interface Tally {
  /** Tokens lent, however often they were asked for. */
  readonly componentTokens: number;
  readonly authorizerTokens: number;
  /** Requests that have arrived, by path; the answer may not be out yet. */
  asked(path: string): number;
  /** Requests that have been answered with this errcode, by path. */
  answered(path: string, errcode: number): number;
}

export async function tally(house: House): Promise<Tally> {
  const { minted, requests, outcomes } = await house.wechat.counters();
  const { appid } = house.component;
  const ofPath = <T>(counts: Record<string, T>, path: string) => counts[`GET ${path}`] ?? counts[`POST ${path}`];
  return {
    componentTokens: minted[`component:${appid}`] ?? 0,
    authorizerTokens: minted[`authorizer:${appid}/${SERVICE_ACCOUNT}`] ?? 0,
    asked: (path) => ofPath(requests, path) ?? 0,
    answered: (path, errcode) => ofPath(outcomes, path)?.[errcode] ?? 0,
  };
}

/** Ends tokens at WeChat; the house learns of it when it uses them. */
export async function expire(house: House, tokens: readonly ('component' | 'authorizer')[], as = 42001): Promise<void> {
  for (const token of tokens) {
    await house.wechat.control('POST', '/expire', {
      token,
      as,
      ...(token === 'authorizer' ? { appid: SERVICE_ACCOUNT } : {}),
    });
  }
}

/** The version of the component's token, as an operator sees it. */
export async function componentVersion(house: House): Promise<number> {
  const { body } = await house.api<{ components: { token: { version: number } | null }[] }>('GET', '/v1/status');
  return body.components[0]?.token?.version ?? 0;
}

/** A follower of the service account. */
export async function follower(house: House): Promise<string> {
  const { openids } = await house.wechat.control<{ openids: string[] }>(
    'GET',
    `/followers?appid=${SERVICE_ACCOUNT}&limit=1`,
  );
  return openids[0]!;
}
