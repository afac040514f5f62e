import type { Envelope, PushUrl } from '@wxthirdparty/wechat';

/** The newest `format` of entries that this version reads; a newer version gives an entry that this one cannot read a higher one. */
const FORMAT = 1;

/** A push as WeChat sealed it. */
export interface PushEntry {
  readonly kind: 'push';
  readonly id: string;
  readonly component: string;
  readonly url: PushUrl;
  /** The account of the message URL. */
  readonly appid: string | undefined;
  readonly receivedAt: Date;
  readonly envelope: Envelope;
  /** The subscription whose reply WeChat waited for. */
  readonly asked: string | undefined;
}

/** An event of our own. */
export interface NoticeEntry {
  readonly kind: 'notice';
  readonly id: string;
  readonly component: string;
  readonly appid: string | undefined;
  readonly type: string;
  /** When what it reports happened. */
  readonly at: Date;
  readonly receivedAt: Date;
  /** Its data as JSON, sealed for `component/id`. */
  readonly sealed: Buffer;
}

/** How the endpoint that was asked while WeChat waited has answered. */
export interface OutcomeEntry {
  readonly kind: 'outcome';
  readonly component: string;
  readonly appid: string;
  /** The id of the push. */
  readonly push: string;
  readonly subscription: string;
  /** The attempt and its reply as JSON, sealed for `component/push/subscription`. */
  readonly sealed: Buffer;
}

/** A step of a release check. */
export interface StepEntry {
  readonly kind: 'step';
  readonly component: string;
  /** The test account that is being checked. */
  readonly appid: string;
  /** The step as JSON; it contains nothing secret or personal. */
  readonly step: string;
}

export type StreamEntry = PushEntry | NoticeEntry | OutcomeEntry | StepEntry;

/**
 * An entry with its id in the stream. `unknown`: a newer version wrote it. `broken`: no version can read it.
 */
export interface ReadEntry {
  readonly streamId: string;
  readonly content: StreamEntry | 'unknown' | 'broken';
}

/** Where the data of a push or notice is sealed, in the stream and in SQL. */
export function pushPlace(component: string, id: string): string {
  return `${component}/${id}`;
}

export function outcomePlace(component: string, push: string, subscription: string): string {
  return `${component}/${push}/${subscription}`;
}

/** The names and values for XADD. */
export function entryFields(entry: StreamEntry): string[] {
  return Object.entries({ format: String(FORMAT), kind: entry.kind, ...contentOf(entry) }).flat();
}

function contentOf(entry: StreamEntry): Record<string, string> {
  switch (entry.kind) {
    case 'push': {
      const { id, component, url, appid = '', receivedAt, envelope, asked = '' } = entry;
      const { timestamp, nonce, msgSignature, encrypt } = envelope;
      const at = String(receivedAt.getTime());
      return { id, component, url, appid, receivedAt: at, asked, timestamp, nonce, msgSignature, encrypt };
    }
    case 'notice': {
      const { id, component, appid = '', type, at, receivedAt, sealed } = entry;
      const times = { at: String(at.getTime()), receivedAt: String(receivedAt.getTime()) };
      return { id, component, appid, type, ...times, sealed: sealed.toString('base64url') };
    }
    case 'outcome': {
      const { component, appid, push, subscription, sealed } = entry;
      return { component, appid, push, subscription, sealed: sealed.toString('base64url') };
    }
    case 'step': {
      const { component, appid, step } = entry;
      return { component, appid, step };
    }
    default:
      return entry satisfies never;
  }
}

/** `list`: names and values in turn, as Redis returns them. */
export function readEntry(streamId: string, list: readonly string[]): ReadEntry {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) fields.set(list[i]!, list[i + 1]!);
  const format = Number(fields.get('format'));
  const kind = fields.get('kind') as StreamEntry['kind'];
  if (format > FORMAT) return { streamId, content: 'unknown' };
  const content = format === FORMAT ? readContent(kind, fields) : 'broken';
  return { streamId, content: content ?? 'broken' };
}

/** `unknown`: a kind of a newer version; undefined: a field is missing. */
function readContent(
  kind: StreamEntry['kind'],
  fields: ReadonlyMap<string, string>,
): StreamEntry | 'unknown' | undefined {
  const all = <Name extends string>(...names: readonly Name[]) => {
    const values = names.map((name) => [name, fields.get(name)] as const);
    if (values.some(([, value]) => value === undefined)) return undefined;
    return Object.fromEntries(values) as Record<Name, string>;
  };
  switch (kind) {
    case 'push': {
      const found = all(
        'id',
        'component',
        'url',
        'appid',
        'receivedAt',
        'timestamp',
        'nonce',
        'msgSignature',
        'encrypt',
      );
      if (!found || (found.url !== 'events' && found.url !== 'messages')) return undefined;
      const { id, component, url, appid, receivedAt, ...envelope } = found;
      return {
        ...{ kind, id, component, envelope },
        url: url as PushUrl,
        appid: appid || undefined,
        receivedAt: new Date(Number(receivedAt)),
        asked: fields.get('asked') || undefined,
      };
    }
    case 'notice': {
      const found = all('id', 'component', 'appid', 'type', 'at', 'receivedAt', 'sealed');
      if (!found) return undefined;
      return {
        kind,
        id: found.id,
        component: found.component,
        appid: found.appid || undefined,
        type: found.type,
        at: new Date(Number(found.at)),
        receivedAt: new Date(Number(found.receivedAt)),
        sealed: Buffer.from(found.sealed, 'base64url'),
      };
    }
    case 'outcome': {
      const found = all('component', 'appid', 'push', 'subscription', 'sealed');
      return found && { kind, ...found, sealed: Buffer.from(found.sealed, 'base64url') };
    }
    case 'step': {
      const found = all('component', 'appid', 'step');
      return found && { kind, ...found };
    }
    default:
      kind satisfies never;
      return 'unknown';
  }
}

/** The order of acceptance, from the id of an entry (`ms-counter`). */
export function seqOf(streamId: string): number {
  const [ms = '0', counter = '0'] = streamId.split('-');
  return Number(ms) * 1_000 + Math.min(Number(counter), 999);
}
