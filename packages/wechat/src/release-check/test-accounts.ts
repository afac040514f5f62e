/** An account with which WeChat checks a platform before its release to the whole network (protocol §6). */
export interface TestAccount {
  readonly appid: string;
  /** WeChat's original id, `gh_…`. */
  readonly userName: string;
  readonly kind: 'official-account' | 'mini-program';
  /** WeChat chooses one of five pairs for each check. */
  readonly group: 1 | 2 | 3 | 4 | 5;
}

/** In the order of their groups, the official account first. */
export const TEST_ACCOUNTS: readonly TestAccount[] = [
  { group: 1, kind: 'official-account', appid: 'wx570bc396a51b8ff8', userName: 'gh_3c884a361561' },
  { group: 1, kind: 'mini-program', appid: 'wxd101a85aa106f53e', userName: 'gh_8dad206e9538' },
  { group: 2, kind: 'official-account', appid: 'wx9252c5e0bb1836fc', userName: 'gh_c0f28a78b318' },
  { group: 2, kind: 'mini-program', appid: 'wxc39235c15087f6f3', userName: 'gh_905ae9d01059' },
  { group: 3, kind: 'official-account', appid: 'wx8e1097c5bc82cde9', userName: 'gh_3f222ed8d140' },
  { group: 3, kind: 'mini-program', appid: 'wx7720d01d4b2a4500', userName: 'gh_393666f1fdf4' },
  { group: 4, kind: 'official-account', appid: 'wx14550af28c71a144', userName: 'gh_26128078e9ab' },
  { group: 4, kind: 'mini-program', appid: 'wx05d483572dcd5d8b', userName: 'gh_39abb5d4e1b7' },
  { group: 5, kind: 'official-account', appid: 'wxa35b9c23cfe664eb', userName: 'gh_2b3713f184a6' },
  { group: 5, kind: 'mini-program', appid: 'wx5910277cae6fd970', userName: 'gh_7818dcb60240' },
];

const byAppid = new Map(TEST_ACCOUNTS.map((account) => [account.appid, account]));
const byUserName = new Map(TEST_ACCOUNTS.map((account) => [account.userName, account]));

/** The test account with this appid or, of a push, this `ToUserName`. */
export function testAccountOf(appid: string | undefined, userName?: string): TestAccount | undefined {
  return byAppid.get(appid ?? '') ?? byUserName.get(userName ?? '');
}

export function isTestAccount(appid: string): boolean {
  return byAppid.has(appid);
}
