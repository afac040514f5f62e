import type { AuthorizerStore } from '../../authorizer/authorizer-store.ts';
import { authorizerOwner } from '../../authorizer/authorizer-token.ts';
import type { Sql } from '../../database/open.ts';
import type { Seals } from '../../sealing/seals.ts';
import type { TokenStore } from '../../token/token-store.ts';
import { addAccount, changeCookieValue, type NewAuthorizer } from './account-writes.ts';
import type { Remarks } from './remarks.ts';
import type { SourceDatabase, SourceRow } from './source-database.ts';
import { numberOf, textOf, timeOf } from './source-values.ts';

const APPID = /^[A-Za-z0-9_-]{1,64}$/;
const HANDLE = /^[\x21-\x7e]{1,64}$/;
const REFRESH_TOKEN = /^[\x21-\x7e]{1,512}$/;

export interface AccountsTaken {
  rows: number;
  /** Unknown here before. */
  added: number;
  /** Known here with an older refresh token, or with none. */
  renewed: number;
  /** Known here, and newer here. */
  kept: number;
  /** Of those: known here before under another handle. */
  handles: number;
}

/** An account as the library stored it, as far as it is readable. */
interface Account {
  readonly appid: string;
  readonly cookieValue: string | undefined;
  readonly refreshToken: string | undefined;
  /** When WeChat last accepted the refresh token. */
  readonly at: number | undefined;
  readonly profile: Pick<NewAuthorizer, 'kind' | 'nickName' | 'userName' | 'headImg'>;
}

/** Imports the accounts that have authorized the component. Returns also which account each `wx_token` belongs to. */
export async function takeAccounts(
  component: string,
  options: {
    readonly source: SourceDatabase;
    readonly database: Sql;
    readonly seals: Seals;
    readonly authorizers: AuthorizerStore;
    readonly tokens: TokenStore;
    readonly remarks: Remarks;
    readonly dryRun: boolean;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<{ taken: AccountsTaken; appidOf: ReadonlyMap<string, string> }> {
  const { remarks } = options;
  const taken: AccountsTaken = { rows: 0, added: 0, renewed: 0, kept: 0, handles: 0 };
  const best = new Map<string, Account>();
  const appidOf = new Map<string, string>();
  for await (const row of options.source.rows('wx_users_info')) {
    taken.rows++;
    const account = read(row, taken.rows, remarks);
    if (!account) continue;
    const wxToken = textOf(row, 'wx_token');
    if (wxToken !== undefined) {
      const other = appidOf.get(wxToken);
      if (other !== undefined && other !== account.appid) {
        remarks.note('a wx_token that two accounts share; it is used for the first', `${other}, ${account.appid}`);
      } else appidOf.set(wxToken, account.appid);
    }
    const before = best.get(account.appid);
    if (before) remarks.note('an account with several rows; its best row is used', account.appid);
    if (!before || better(account, before)) best.set(account.appid, account);
  }
  const used = new Set<string>();
  for (const account of best.values()) {
    options.signal?.throwIfAborted();
    const { cookieValue: known } = account;
    const cookieValue = known !== undefined && appidOf.get(known) === account.appid ? known : undefined;
    if (cookieValue === undefined)
      remarks.note('an account without a wx_token of its own; it gets a new handle', account.appid);
    else used.add(cookieValue);
    await takeAccount(component, { ...account, cookieValue }, taken, options);
  }
  for (const [wxToken, appid] of appidOf) {
    if (used.has(wxToken) || !HANDLE.test(wxToken)) continue;
    remarks.note('a second wx_token of an account; cookies with it are no longer accepted', appid);
  }
  return { taken, appidOf };
}

function read(row: SourceRow, number: number, remarks: Remarks): Account | undefined {
  const where = `wx_users_info, row ${textOf(row, 'id') ?? `no. ${number}`}`;
  const appid = textOf(row, 'appid');
  if (appid === undefined || !APPID.test(appid)) {
    remarks.note(
      `a row of wx_users_info ${appid === undefined ? 'without an' : 'with an impossible'} appid; skipped`,
      where,
    );
    return undefined;
  }
  const now = Date.now();
  const refreshToken = textOf(row, 'refresh_token');
  const usable = refreshToken !== undefined && REFRESH_TOKEN.test(refreshToken) ? refreshToken : undefined;
  if (usable === undefined) {
    remarks.note(
      "an account without a refresh token; it is read from WeChat's list of accounts when it is needed",
      appid,
    );
  }
  const at = timeOf(row, 'access_token_updated_at', now);
  if (at === undefined)
    remarks.note('an account without a plausible time; any grant stored here counts as newer', appid);
  const wxToken = textOf(row, 'wx_token');
  const cookieValue = wxToken !== undefined && HANDLE.test(wxToken) ? wxToken : undefined;
  if (wxToken !== undefined && cookieValue === undefined) {
    remarks.note(
      'a wx_token that cannot be a handle (over 64 characters, or not printable); the account gets a new handle',
      appid,
    );
  }
  const fit = (column: string, most: number) => {
    const text = textOf(row, column);
    return text === undefined ? undefined : [...text].slice(0, most).join('');
  };
  return {
    appid,
    cookieValue,
    refreshToken: usable,
    at,
    profile: {
      // The library supported official accounts only.
      kind: numberOf(row, 'service_type_id') === undefined ? undefined : 'official-account',
      nickName: fit('nick_name', 255),
      userName: fit('user_name', 64),
      headImg: fit('head_img', 1_024),
    },
  };
}

/** A row with a refresh token before one without; then the one that WeChat accepted last; then the later row. */
function better(one: Account, other: Account): boolean {
  const has = (account: Account) => (account.refreshToken === undefined ? 0 : 1);
  return has(one) !== has(other) ? has(one) > has(other) : (one.at ?? 0) >= (other.at ?? 0);
}

async function takeAccount(
  component: string,
  { appid, cookieValue, refreshToken, at, profile }: Account,
  taken: AccountsTaken,
  { database, seals, authorizers, tokens, remarks, dryRun }: Parameters<typeof takeAccounts>[1],
): Promise<void> {
  const holder = cookieValue === undefined ? undefined : await authorizers.findByCookieValue(cookieValue);
  const isOwn = holder === undefined || (holder.component === component && holder.appid === appid);
  const free =
    isOwn && !(cookieValue !== undefined && (await authorizers.handles.isTaken(component, cookieValue, appid)));
  if (!free)
    remarks.note('a wx_token that is the handle of another account here; the account gets a new handle', appid);
  const newValue = free ? cookieValue : undefined;

  const known = await authorizers.find(component, appid);
  if (!known) {
    taken.added++;
    if (newValue !== undefined) taken.handles++;
    if (!dryRun)
      await addAccount(database, seals, { component, appid, cookieValue: newValue, refreshToken, ...profile, at });
    return;
  }
  if (newValue !== undefined && known.cookieValue !== newValue) {
    taken.handles++;
    if (!dryRun) await changeCookieValue(database, component, appid, newValue);
  }
  const grant = await authorizers.grants.find(component, appid);
  const empty = grant?.refreshToken === null && grant.state === 'active';
  const older = empty || (at !== undefined && at > known.updatedAt.getTime());
  if (
    !grant ||
    refreshToken === undefined ||
    !older ||
    (grant.refreshToken === refreshToken && grant.state === 'active')
  ) {
    taken.kept++;
    return;
  }
  taken.renewed++;
  if (dryRun) return;
  await authorizers.grants.change(component, appid, grant.version, { refreshToken, state: 'active' });
  await tokens.forgive(authorizerOwner(component, appid));
}
