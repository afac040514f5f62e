import { type Account, type AccountKind, openAccount } from '../account.ts';
import type { World } from '../world.ts';

interface TestAccount {
  readonly appid: string;
  readonly userName: string;
}

/** The pairs of test accounts of the whole-network release check (protocol §6); group 1 is the first. */
const PAIRS: readonly Readonly<Record<AccountKind, TestAccount>>[] = [
  {
    'official-account': { appid: 'wx570bc396a51b8ff8', userName: 'gh_3c884a361561' },
    'mini-program': { appid: 'wxd101a85aa106f53e', userName: 'gh_8dad206e9538' },
  },
  {
    'official-account': { appid: 'wx9252c5e0bb1836fc', userName: 'gh_c0f28a78b318' },
    'mini-program': { appid: 'wxc39235c15087f6f3', userName: 'gh_905ae9d01059' },
  },
  {
    'official-account': { appid: 'wx8e1097c5bc82cde9', userName: 'gh_3f222ed8d140' },
    'mini-program': { appid: 'wx7720d01d4b2a4500', userName: 'gh_393666f1fdf4' },
  },
  {
    'official-account': { appid: 'wx14550af28c71a144', userName: 'gh_26128078e9ab' },
    'mini-program': { appid: 'wx05d483572dcd5d8b', userName: 'gh_39abb5d4e1b7' },
  },
  {
    'official-account': { appid: 'wxa35b9c23cfe664eb', userName: 'gh_2b3713f184a6' },
    'mini-program': { appid: 'wx5910277cae6fd970', userName: 'gh_7818dcb60240' },
  },
];

export const GROUPS = PAIRS.length;

/** The test account of a group, which exists from its first check on. */
export function testAccountOf(world: World, group: number, kind: AccountKind): Account {
  const { appid, userName } = PAIRS[group - 1]![kind];
  const known = world.accounts.get(appid);
  if (known !== undefined) return known;
  const account = openAccount({ appid, userName, kind, nickName: `全网发布测试${group}` }, world.seed);
  world.accounts.set(appid, account);
  return account;
}
