import type { Push } from '@wxthirdparty/wechat';

/** The column's size. */
const MAX_LENGTH = 80;

/** The types of notices: our own events, which are delivered like pushes. `component.*` has WeChat's InfoType at its end. */
export type NoticeType =
  | 'authorizer.authorized'
  | 'authorizer.updated'
  | 'authorizer.unauthorized'
  | 'subscription.paused'
  | 'release_check.finished'
  | `component.${string}`;

/** The type by which a push is filtered and listed; undefined for those that business programs receive as a notice or not at all. */
export function pushTypeOf(push: Push): string | undefined {
  switch (push.type) {
    case 'message':
      return push.msgType === 'event' ? typeName('event', push.event ?? '') : typeName('message', push.msgType);
    case 'unreadable':
      return 'unreadable';
    case 'ticket':
    case 'authorized':
    case 'updateauthorized':
    case 'unauthorized':
    case 'fasteregister':
    case 'other':
      return undefined;
    default:
      return push satisfies never;
  }
}

/** The type of the notice that reports a push on the event URL that concerns the component itself. */
export function componentNoticeType(infoType: string): NoticeType {
  return typeName('component', infoType) as NoticeType;
}

function typeName(kind: 'message' | 'event' | 'component', name: string): string {
  return `${kind}.${name.toLowerCase().replace(/[^a-z0-9_]/g, '_')}`.slice(0, MAX_LENGTH);
}
