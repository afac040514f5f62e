import { createHash, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthorizerList, type AuthorizerListRequest } from '../../packages/platform/src/authorizer/authorizer-list.ts';
import { AuthorizerCounter } from '../../packages/platform/src/authorizer/authorizer-totals.ts';
import type { Sql } from '../../packages/platform/src/database/open.ts';
import type { Bench, Round } from './bench.ts';
import { MariaDb } from './maria-db.ts';
import { median } from './median.ts';
import { openMigrated } from './open-migrated.ts';

const ACCOUNTS = 100_000;
const PAGE = 50;
const ROUNDS = 10;
const MAX_SEARCH_MS = 1_000;
/** Calls share the event loop with a search. */
const MAX_PAUSE_MS = 50;
const COMPONENT = 'wx00000000000000c0';

const bench: Bench = {
  name: `a search among ${ACCOUNTS.toLocaleString('en')} accounts`,
  measured: 'a part of a nickname that no account has, so that every account is read, on SQLite and MariaDB',
  against: 'the beginning of an appid',
  guide: { measuredAtMost: MAX_SEARCH_MS },
  run,
};
export default bench;

type Search = Omit<AuthorizerListRequest, 'limit'>;

/** Each in words, with the number of accounts that the first page must have. */
function searches(i: number): readonly (readonly [what: string, search: Search, found: number])[] {
  return [
    ['beginning of an appid', { q: appidOf(i).slice(0, 12) }, 1],
    ['beginning of an original id', { q: userNameOf(i).slice(0, 11) }, 1],
    ['handle', { q: `shop-${i}` }, -1],
    ['a nickname', { q: `门店${i}号` }, 1],
    ['a nickname with letters', { q: `STORE ${i}#` }, 1],
    ['a principal', { q: `商贸${i}有限` }, 1],
    ['no account', { q: '没有这个名字' }, 0],
    ['a rare state and kind', { state: 'revoked', kind: 'mini-program' }, PAGE],
    ['a permission set that no account granted', { scope: 99 }, 0],
  ];
}

async function run() {
  const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-bench-'));
  const mariaDb = await MariaDb.start();
  try {
    const onSqlite = await onDatabase('SQLite', `sqlite:${join(dir, 'search.sqlite')}`);
    const onMariaDb = await onDatabase('MariaDB', await mariaDb.newDatabase());
    return {
      unit: 'ms',
      rounds: [...onSqlite.rounds, ...onMariaDb.rounds],
      facts: [...onSqlite.facts, ...onMariaDb.facts],
    };
  } finally {
    await mariaDb.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function onDatabase(kind: string, url: string) {
  const sql = await openMigrated(url);
  try {
    await fill(sql);
    const list = new AuthorizerList(sql);
    const took = new Map<string, number[]>();
    const rounds: Round[] = [];
    const wrong: string[] = [];
    let longestPauseMs = 0;
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [what, search, found] of searches(randomInt(ACCOUNTS))) {
        const pauses = new Pauses();
        const startedAt = performance.now();
        const { items } = await list.page({ ...search, limit: PAGE });
        const ms = performance.now() - startedAt;
        const pauseMs = await pauses.longest();
        if (found >= 0 ? items.length !== found : items.length === 0) wrong.push(`${what}: ${items.length}`);
        if (round === 0) continue;
        longestPauseMs = Math.max(longestPauseMs, pauseMs);
        took.set(what, [...(took.get(what) ?? []), ms]);
      }
      if (round === 0) continue;
      rounds.push({ measured: took.get('no account')!.at(-1)!, against: took.get('beginning of an appid')!.at(-1)! });
    }
    const startedAt = performance.now();
    const { total } = await new AuthorizerCounter(sql).totals({});
    const countMs = performance.now() - startedAt;
    return {
      rounds,
      facts: [
        { what: `${kind}: every search found what it should ${wrong.join(', ')}`, holds: wrong.length === 0 },
        ...[...took].map(([what, all]) => ({
          what: `${kind}: ${what}: ${median(all).toFixed(1)} ms, at most ${Math.max(...all).toFixed(1)} ms, guide ${MAX_SEARCH_MS}`,
          holds: Math.max(...all) < MAX_SEARCH_MS,
        })),
        {
          what: `${kind}: totals in ${countMs.toFixed(1)} ms, guide ${MAX_SEARCH_MS}`,
          holds: total === ACCOUNTS && countMs < MAX_SEARCH_MS,
        },
        {
          what: `${kind}: the event loop stood still for ${longestPauseMs.toFixed(1)} ms at most, guide ${MAX_PAUSE_MS}`,
          holds: longestPauseMs <= MAX_PAUSE_MS,
        },
      ],
    };
  } finally {
    await sql.destroy();
  }
}

/** How long the event loop does nothing else. */
class Pauses {
  #last = performance.now();
  #longestMs = 0;
  #timer = setInterval(() => this.#tick(), 1);

  async longest(): Promise<number> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#tick();
    clearInterval(this.#timer);
    return this.#longestMs;
  }

  #tick(): void {
    const now = performance.now();
    this.#longestMs = Math.max(this.#longestMs, now - this.#last);
    this.#last = now;
  }
}

async function fill(sql: Sql): Promise<void> {
  const sealed = 'x'.repeat(160);
  for (let from = 0; from < ACCOUNTS; from += 500) {
    const rows = Array.from({ length: 500 }, (_, n) => {
      const i = from + n;
      return {
        component: COMPONENT,
        appid: appidOf(i),
        user_name: userNameOf(i),
        handle: `shop-${i}`,
        nick_name: `某某超市门店${i}号 Store ${i}#`,
        principal_name: `北京商贸${i}有限公司`,
        head_img: `http://wx.qlogo.cn/mmopen/${createHash('sha256').update(`${i}`).digest('hex')}/0`,
        kind: i % 4 === 0 ? 'mini-program' : 'official-account',
        state: i % 50 === 0 ? 'revoked' : 'active',
        scopes: '[1,2,3,4,11,15,33]',
        refresh_token_sealed: sealed,
        authorized_at: 1_000,
        updated_at: 1_000,
      };
    });
    await sql.insertInto('authorizers').values(rows).execute();
  }
}

function digest(i: number): string {
  return createHash('sha256').update(String(i)).digest('hex');
}

/** As WeChat's are: as good as random. */
function appidOf(i: number): string {
  return `wx${digest(i).slice(0, 16)}`;
}

function userNameOf(i: number): string {
  return `gh_${digest(i).slice(20, 32)}`;
}
