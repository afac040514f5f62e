import { type Deployment, SERVICE_ACCOUNT } from './deployment.ts';

export const COMPONENT_TOKEN = '/cgi-bin/component/api_component_token';
export const AUTHORIZER_TOKEN = '/cgi-bin/component/api_authorizer_token';
export const USER_INFO = '/cgi-bin/user/info';
export const SEND_MESSAGE = '/cgi-bin/message/custom/send';

/** WeChat's counts of tokens and requests so far. */
export interface Tally {
  /** Tokens that were issued, however often they were requested. */
  readonly componentTokens: number;
  readonly authorizerTokens: number;
  /** Requests that have arrived, by path; the answer may not have been sent yet. */
  asked(path: string): number;
  /** Requests that have been answered with this errcode, by path. */
  answered(path: string, errcode: number): number;
}

export async function tally(deployment: Deployment): Promise<Tally> {
  const { minted, requests, outcomes } = await deployment.wechat.counters();
  const { appid } = deployment.component;
  const ofPath = <T>(counts: Record<string, T>, path: string) => counts[`GET ${path}`] ?? counts[`POST ${path}`];
  return {
    componentTokens: minted[`component:${appid}`] ?? 0,
    authorizerTokens: minted[`authorizer:${appid}/${SERVICE_ACCOUNT}`] ?? 0,
    asked: (path) => ofPath(requests, path) ?? 0,
    answered: (path, errcode) => ofPath(outcomes, path)?.[errcode] ?? 0,
  };
}

/** Ends tokens at WeChat; the deployment notices it when it uses them. */
export async function expire(
  deployment: Deployment,
  tokens: readonly ('component' | 'authorizer')[],
  as = 42001,
): Promise<void> {
  // The component's first: otherwise a call in flight may fetch a new token for the account while the component's is valid.
  for (const token of (['component', 'authorizer'] as const).filter((one) => tokens.includes(one))) {
    await deployment.wechat.control('POST', '/expire', {
      token,
      as,
      ...(token === 'authorizer' ? { appid: SERVICE_ACCOUNT } : {}),
    });
  }
}

/** The version of the component's token, as an operator sees it. */
export async function componentVersion(deployment: Deployment): Promise<number> {
  const { body } = await deployment.api<{ components: { token: { version: number } | null }[] }>('GET', '/v1/status');
  return body.components[0]?.token?.version ?? 0;
}

/** A follower of the service account. */
export async function follower(deployment: Deployment): Promise<string> {
  const { openids } = await deployment.wechat.control<{ openids: string[] }>(
    'GET',
    `/followers?appid=${SERVICE_ACCOUNT}&limit=1`,
  );
  return openids[0]!;
}
