import type { ComponentApi } from '@wxthirdparty/wechat';

const PAGE_SIZE = 500;
/** WeChat lists at most this many accounts to one component; reading stops here even if the list does not end. */
const MAX_PAGES = 2_000;

/**
 * The refresh token that WeChat's own list contains for an account, or undefined if the account is not in it (protocol
 * §3.8). Needed when an answer with a refresh token was lost.
 */
export async function findInWeChatsList(
  api: ComponentApi,
  component: string,
  appid: string,
): Promise<{ refreshToken: string | undefined; authorizedAt: Date | undefined } | undefined> {
  for (let page = 0, offset = 0; page < MAX_PAGES; page++) {
    const { total, length, items } = await api.getAuthorizerList({ appid: component, offset, count: PAGE_SIZE });
    const found = items.find((item) => item.appid === appid);
    if (found) return { refreshToken: found.refreshToken, authorizedAt: found.authorizedAt };
    offset += length;
    if (length === 0 || (total !== undefined && offset >= total)) return undefined;
  }
  return undefined;
}
