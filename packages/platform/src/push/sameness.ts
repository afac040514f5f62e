import { createHash } from 'node:crypto';
import type { Push } from '@wxthirdparty/wechat';

/**
 * Two deliveries with the same answer are the same push (dossier §1.3). Retries come freshly sealed, so nothing of the
 * envelope counts. Two events of one user may share a second, hence Event and EventKey. Undefined for a ticket: keeping
 * it twice does no harm, and its later arrival is news.
 */
export function samenessOf(component: string, appid: string | undefined, push: Push): string | undefined {
  switch (push.type) {
    case 'ticket':
      return undefined;
    case 'message': {
      const to = [component, appid ?? push.toUserName];
      return push.msgId
        ? hash('message', ...to, push.msgId)
        : hash('event', ...to, push.fromUserName, push.createTime, push.event ?? push.msgType, push.eventKey ?? '');
    }
    case 'authorized':
    case 'updateauthorized':
      return hash(push.type, component, push.appid, push.createTime, push.code);
    case 'unauthorized':
      return hash(push.type, component, push.appid, push.createTime);
    case 'fasteregister':
      return hash(push.type, component, push.appid ?? '', push.createTime, push.status, push.code ?? '');
    case 'other':
      return hash(push.infoType, component, push.createTime, JSON.stringify(push.fields));
  }
}

/** Parts are length-prefixed by JSON, so that no two lists of parts read the same. */
function hash(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
