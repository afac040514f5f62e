import type { PushTypeDescription } from '@wxthirdparty/platform';

/** Tags that contain other tags; all others are text (protocol §1.5). */
const NESTED = new Set([
  'ScanCodeInfo',
  'SendPicsInfo',
  'SendLocationInfo',
  'CopyrightCheckResult',
  'ArticleUrlResult',
  'PublishEventInfo',
  'SubscribeMsgPopupEvent',
  'SubscribeMsgChangeEvent',
  'SubscribeMsgSentEvent',
  'result_info',
  'result',
  'detail',
]);

/** Tags that only some pushes of their type have: of an article, a menu, speech recognition, a QR code, a failure (protocol §1.5). */
const OPTIONAL = new Set([
  'bizmsgmenuid',
  'MediaId16K',
  'Recognition',
  'MsgDataId',
  'Idx',
  'MenuId',
  'event.subscribe Ticket',
  'CopyrightCheckResult',
  'ArticleUrlResult',
  'reason',
  'ScreenShot',
]);

/** What the two sets name: a tag, or the tag of one type. */
export const namedTags: readonly string[] = [...NESTED, ...OPTIONAL];

/** The tags of each type of message and event, and the names of all notices, as TypeScript. */
export function pushFieldsOf(types: Readonly<Record<string, PushTypeDescription>>): string {
  const all = Object.entries(types);
  const ofWeChat = all.filter(([type]) => /^(?:message|event)\./.test(type));
  const notices = all.filter(([type]) => !/^(?:message|event)\./.test(type));
  return [
    "import type { FieldValue } from '../field-value.ts';",
    '',
    '/** For each type of message and event the tags that WeChat documents, beside those that all have. */',
    'export interface PushFields {',
    ...ofWeChat.flatMap(([type, { fields, description }]) => [
      `  /** ${description.en}. ${description.zh}。 */`,
      `  '${type}': {${fields.length === 0 ? '' : ' '}${fields.map((field) => memberOf(type, field)).join('; ')}${fields.length === 0 ? '' : ' '}};`,
    ]),
    '}',
    '',
    '/** The types of notices, and of pushes that cannot be read. */',
    'export type NoticeType =',
    ...notices.map(([type]) => `  | '${type}'`).map((line, i, lines) => (i === lines.length - 1 ? `${line};` : line)),
    '',
  ].join('\n');
}

function memberOf(type: string, field: string): string {
  const isOptional = OPTIONAL.has(field) || OPTIONAL.has(`${type} ${field}`);
  return `readonly ${field}${isOptional ? '?' : ''}: ${NESTED.has(field) ? 'FieldValue' : 'string'}`;
}
