import { isFromWeChat } from '../../journal/push-data.ts';
import { APPID_PLACEHOLDER } from '../../subscription/check-input.ts';
import type { Addressee } from './outgoing.ts';

/** Where a push of this type goes: in format `wechat-component`, what is of an account goes to a URL of its own. */
export function receiverUrl({ url, messageUrl }: Addressee, type: string, appid: string | null): string {
  const chosen = messageUrl !== null && isFromWeChat(type) ? messageUrl : url;
  return chosen.replaceAll(APPID_PLACEHOLDER, encodeURIComponent(appid ?? ''));
}

/** Adds parameters as WeChat does, behind those that the URL has. */
export function withQuery(url: string, parameters: Readonly<Record<string, string>>): string {
  const target = new URL(url);
  const added = new URLSearchParams(parameters).toString();
  target.search = target.search === '' ? added : `${target.search}&${added}`;
  target.hash = '';
  return target.href;
}
