import type { OpenedPush } from '../../journal/opened-push.ts';
import { pushDataOf } from '../../journal/push-data.ts';
import type { Addressee, FormattedPush } from './outgoing.ts';
import { receiverUrl } from './receiver-url.ts';

/** Standard Webhooks: type, time and data. */
export function formatJson(addressee: Addressee, push: OpenedPush): FormattedPush {
  const { type, appid, receivedAt } = push;
  return {
    url: receiverUrl(addressee, type, appid),
    contentType: 'application/json',
    body: JSON.stringify({ type, timestamp: receivedAt.toISOString(), data: pushDataOf(push) }),
  };
}
