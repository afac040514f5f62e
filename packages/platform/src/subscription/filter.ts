import type { XmlNode } from '@wxthirdparty/wechat';
import type { Subscription, SubscriptionFilter } from './subscription.ts';

/** What a filter sees of a push or notice. */
export interface MatchablePush {
  readonly type: string;
  readonly component: string;
  readonly appid?: string | null | undefined;
  /** The account's current one. */
  readonly handle?: string | null | undefined;
  readonly openid?: string | null | undefined;
  /** All fields of the decrypted push; null: it could not be read. */
  readonly fields?: XmlNode | null | undefined;
}

export type Matcher = (push: MatchablePush) => boolean;

/** Nothing but its exact name matches it, since its receiver must be prepared for it. */
const UNREADABLE = 'unreadable';

/** Whether all parts of the filter hold. A part that does not apply to the push does not. */
export function matches(filter: SubscriptionFilter, push: MatchablePush): boolean {
  return filterMatcher(filter)(push);
}

/** Prepared once for many pushes: what a subscription receives by its format, its component and its filter. */
export function matcherOf({
  format,
  component,
  filter,
}: Pick<Subscription, 'format' | 'component' | 'filter'>): Matcher {
  const inFilter = filterMatcher(filter);
  switch (format) {
    case 'json':
      return inFilter;
    case 'wechat':
      return (push) => isOfAccount(push.type) && inFilter(push);
    case 'wechat-component':
      return (push) =>
        push.component === component &&
        (isOfAccount(push.type) || push.type.startsWith('authorizer.')) &&
        inFilter(push);
    default:
      return format satisfies never;
  }
}

export type ReceivingAccount = Pick<MatchablePush, 'appid' | 'handle'> & { readonly component?: string | undefined };

/** Whether some push of the account can match. */
export function canReceiveFrom(
  { component: own, filter }: Pick<Subscription, 'component' | 'filter'>,
  { appid, handle, component }: ReceivingAccount,
): boolean {
  const permits = (values: readonly string[] | undefined, value: string | null | undefined) =>
    values === undefined || (typeof value === 'string' && values.includes(value));
  return (
    permits(filter.accounts, appid) &&
    permits(filter.handles, handle) &&
    permits(filter.components, component) &&
    (own === null || component === undefined || own === component)
  );
}

/** Prepared once for many pushes. */
function filterMatcher({ types, accounts, handles, components, openids, where }: SubscriptionFilter): Matcher {
  // The cheapest and most selective parts come first.
  const parts: Matcher[] = [typeMatcher(types)];
  if (components) parts.push(among(components, ({ component }) => component));
  if (accounts) parts.push(among(accounts, ({ appid }) => appid));
  if (handles) parts.push(among(handles, ({ handle }) => handle));
  if (openids) parts.push(among(openids, ({ openid }) => openid));
  for (const [field, condition] of Object.entries(where ?? {})) parts.push(fieldMatcher(field, condition));
  return (push) => parts.every((holds) => holds(push));
}

function typeMatcher(types: readonly string[] | undefined): Matcher {
  if (!types) return ({ type }) => type !== UNREADABLE;
  const exact = new Set(types.filter((type) => !type.endsWith('*')));
  const prefixes = types.filter((type) => type.endsWith('*')).map((type) => type.slice(0, -1));
  return ({ type }) => exact.has(type) || (type !== UNREADABLE && prefixes.some((prefix) => type.startsWith(prefix)));
}

function among(values: readonly string[], read: (push: MatchablePush) => string | null | undefined): Matcher {
  const set = new Set(values);
  return (push) => {
    const value = read(push);
    return value !== undefined && value !== null && set.has(value);
  };
}

function fieldMatcher(field: string, condition: string | readonly string[] | { readonly prefix: string }): Matcher {
  const holds = textMatcher(condition);
  return ({ fields }) => {
    const value = fields && Object.hasOwn(fields, field) ? fields[field] : undefined;
    return typeof value === 'string' && holds(value);
  };
}

function textMatcher(condition: string | readonly string[] | { readonly prefix: string }): (text: string) => boolean {
  if (typeof condition === 'string') return (text) => text === condition;
  if ('prefix' in condition) return (text) => text.startsWith(condition.prefix);
  const values = new Set(condition);
  return (text) => values.has(text);
}

function isOfAccount(type: string): boolean {
  return type.startsWith('message.') || type.startsWith('event.');
}
