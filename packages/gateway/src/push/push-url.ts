export interface PushUrl {
  readonly component: string;
  readonly url: 'events' | 'messages';
  readonly appid: string | undefined;
}

const events = /^\/wechat\/([A-Za-z0-9_-]{1,64})\/events$/;
const messages = /^\/wechat\/([A-Za-z0-9_-]{1,64})\/messages\/([A-Za-z0-9_-]{1,64})$/;

/** Parses the event URL or message URL of a component (protocol §1.1); undefined for any other path. */
export function readPushUrl(path: string): PushUrl | undefined {
  const event = events.exec(path);
  if (event !== null) return { component: event[1]!, url: 'events', appid: undefined };
  const message = messages.exec(path);
  if (message !== null) return { component: message[1]!, url: 'messages', appid: message[2]! };
  return undefined;
}
