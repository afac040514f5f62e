import { readXml, type XmlNode } from '@wxthirdparty/wechat';
import type { OpenedPush } from '../journal/opened-push.ts';
import { isFromWeChat } from '../journal/push-data.ts';
import type { MatchablePush } from '../subscription/filter.ts';

/** What a filter sees of a journaled push. The XML is read only if the filter asks for a field of it. */
export function matchableOf({
  type,
  component,
  appid,
  handle,
  payload,
}: Pick<OpenedPush, 'type' | 'component' | 'appid' | 'handle' | 'payload'>): MatchablePush {
  let fields: XmlNode | null | undefined;
  const read = () => {
    if (fields === undefined) fields = isFromWeChat(type) ? readXml(payload) : null;
    return fields;
  };
  return {
    type,
    component,
    appid,
    handle,
    get fields() {
      return read();
    },
    get openid() {
      const openid = read()?.FromUserName;
      return typeof openid === 'string' ? openid : null;
    },
  };
}
