/** The account that something is about. */
export interface AccountReference {
  readonly component: string;
  /** Null: it concerns no account. */
  readonly appid: string | null;
}

/** What operators and business programs call an account. */
export interface AccountName {
  readonly handle: string | null;
  /** Null until its profile was read. */
  readonly nickName: string | null;
}

/** Of what concerns no account, of a component itself, and of an account that is not known. */
export const nameless: AccountName = { handle: null, nickName: null };

export function accountKey({ component, appid }: AccountReference): string {
  return `${component}/${appid}`;
}
