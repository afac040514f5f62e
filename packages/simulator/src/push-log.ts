/** One delivery of a push and its result. */
export interface DeliveryRecord {
  readonly at: string;
  readonly component: string;
  readonly appid: string | null;
  readonly url: 'events' | 'messages';
  /** InfoType, MsgType, or `event:` and the Event. */
  readonly what: string;
  readonly msgId: string | null;
  readonly createTime: number;
  readonly attempt: number;
  readonly fault: string | null;
  /** 0 without an answer. */
  readonly status: number;
  /** Its first 2,000 characters. */
  readonly body: string;
  /** The fields of a passive reply that could be opened, whether it is valid or not. */
  readonly reply: Readonly<Record<string, unknown>> | null;
  readonly ms: number;
  /** Why the answer is invalid; null if it is valid. */
  readonly complaint: string | null;
}

/** An entry of WeChat's alarm group. */
export interface Alarm {
  readonly at: string;
  readonly component: string;
  readonly appid: string | null;
  readonly what: string;
  readonly reason: string;
}

const MAX_REMEMBERED = 10_000;

/** The newest deliveries and alarms, and the number of all deliveries. */
export class PushLog {
  deliveries: DeliveryRecord[] = [];
  alarms: Alarm[] = [];
  /** Users who read "the service is unavailable" in their chat (protocol §10 rule 8). */
  notices: { at: string; appid: string | null; openid: string | null }[] = [];
  count = 0;

  delivered(record: DeliveryRecord): void {
    this.count += 1;
    this.deliveries = keep(this.deliveries, record);
  }

  alarm(alarm: Alarm): void {
    this.alarms = keep(this.alarms, alarm);
  }

  notice(appid: string | null, openid: string | null): void {
    this.notices = keep(this.notices, { at: new Date().toISOString(), appid, openid });
  }
}

function keep<T>(list: T[], one: T): T[] {
  list.push(one);
  return list.length > 2 * MAX_REMEMBERED ? list.slice(-MAX_REMEMBERED) : list;
}
