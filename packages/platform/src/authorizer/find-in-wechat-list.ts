import type { ComponentApi } from '@wxthirdparty/wechat';

const PAGE = 500;
/** WeChat lists at most this many accounts to one component; a list that never ends must end here. */
const MAX_PAGES = 2_000;

/**
 * The refresh token that WeChat's own list holds for an account, or undefined where the list does not know it (protocol
 * §3.8). The way back when an answer with a refresh token was lost.
 */
export async function findInWeChatsList(
  api: ComponentApi,
  component: string,
  appid: string,
): Promise<{ refreshToken: string | undefined; authorizedAt: Date | undefined } | undefined> {
  for (let page = 0, offset = 0; page < MAX_PAGES; page++) {
    const { total, length, items } = await api.getAuthorizerList({ appid: component, offset, count: PAGE });
    const found = items.find((item) => item.appid === appid);
    if (found) return { refreshToken: found.refreshToken, authorizedAt: found.authorizedAt };
    offset += length;
    if (length === 0 || (total !== undefined && offset >= total)) return undefined;
  }
  return undefined;
}
