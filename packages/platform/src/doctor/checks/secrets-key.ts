import { type RawBuilder, sql } from 'kysely';
import type { Sql } from '../../database/open.ts';
import { SEALED_HEAD_BYTES } from '../../sealing/seals.ts';
import type { Check } from '../check.ts';
import { type Fault, failing, NotJudged, text, warning } from '../finding.ts';

/** Characters of base64url that contain the bytes which identify the key. */
const HEAD_CHARACTERS = Math.ceil((SEALED_HEAD_BYTES * 4) / 3);

/** The sealed values that last: one text column of each table. */
const SEALED = [
  ['tickets', 'components', 'ticket_sealed'],
  ['grants', 'authorizers', 'refresh_token_sealed'],
  ['subscriptions', 'subscriptions', 'secrets_sealed'],
] as const;

/** Whether SECRETS_KEY opens what is stored; needs no network for SQLite, and says what it could not read. */
export const secretsKey: Check = async (doctor) => {
  const { secretsKeys, typed } = doctor.settings;
  if (secretsKeys.length === 0) return { faults: [missing], found: null };
  const { seals } = doctor;
  const [stored, verdict] = await Promise.all([
    doctor
      .database()
      .then(readHeads)
      .catch((error: unknown) => {
        // Another check names why; a database without tables holds nothing sealed.
        if (error instanceof NotJudged) return undefined;
        return [];
      }),
    doctor.redisVerdict().catch(() => undefined),
  ]);
  const heads = (stored ?? []).map(({ what, head, count }) => ({ what, count, keyIndex: seals.indexOfKey(head) }));
  const faults = judgeKeys(heads, secretsKeys.length, typed);
  if (verdict === 'other-key' && faults.every(({ status }) => status !== 'fail')) faults.push(doesNotOpen('Redis'));
  const values = heads.reduce((sum, { count }) => sum + count, 0);
  return {
    faults,
    found: `${secretsKeys.length} keys, ${stored === undefined ? 'stored values not read' : `${values} stored values`}`,
  };
};

const missing = failing({
  code: 'no_secrets_key',
  cause: text('SECRETS_KEY is missing or cannot be used.', 'SECRETS_KEY 缺失或无法使用。'),
  remedy: text(
    'Restore the key from your backup: without it every stored credential is lost. Only a new deployment makes a new one.',
    '请从备份恢复该密钥：没有它，已存储的凭证全部无法使用。只有全新部署才需要新建。',
  ),
  command: 'openssl rand -base64 32',
});

function doesNotOpen(what: string): Fault {
  return failing({
    code: 'unsealable',
    cause: text(
      `No key in SECRETS_KEY opens what is stored (${what}).`,
      `SECRETS_KEY 中没有能解开已存储内容的密钥（${what}）。`,
    ),
    remedy: text(
      'Restore the key with which it was sealed; while keys are rotated, list the new and the old one.',
      '请恢复当时使用的密钥；轮换期间同时列出新旧密钥。',
    ),
  });
}

/** How many values of one kind are sealed under one key. */
export interface SealedUnder {
  readonly what: string;
  readonly count: number;
  /** Among those of SECRETS_KEY; -1: none of them. */
  readonly keyIndex: number;
}

export function judgeKeys(sealed: readonly SealedUnder[], keys: number, typed: (command: string) => string): Fault[] {
  const faults: Fault[] = [];
  const unknown = sealed.filter(({ keyIndex }) => keyIndex === -1);
  if (unknown.length > 0) {
    faults.push(doesNotOpen(unknown.map(({ what, count }) => `${count} ${what}`).join(', ')));
  }
  if (sealed.length === 0) return faults;
  for (let index = 1; index < keys; index++) {
    if (sealed.some(({ keyIndex }) => keyIndex === index)) continue;
    faults.push(
      warning({
        code: 'unused_key',
        cause: text(
          `Key ${index + 1} of SECRETS_KEY seals no ticket, grant or subscription any more.`,
          `SECRETS_KEY 的第 ${index + 1} 个密钥已不再用于任何票据、授权或订阅。`,
        ),
        remedy: text(
          'Run rotate-secrets; when it reports that nothing remains under older keys, remove this one.',
          '请执行 rotate-secrets；当它报告旧密钥下已无内容时，删除该密钥。',
        ),
        command: typed('rotate-secrets'),
      }),
    );
  }
  return faults;
}

async function readHeads(db: Sql): Promise<{ what: string; head: Buffer; count: number }[]> {
  const found = await Promise.all(
    SEALED.map(async ([what, table, column]) => {
      const head: RawBuilder<string> = sql`substr(${sql.ref(column)}, 1, ${sql.lit(HEAD_CHARACTERS)})`;
      const { rows } = await sql<{ head: string; count: number }>`
        select ${head} as head, count(*) as count from ${sql.table(table)}
        where ${sql.ref(column)} is not null group by ${head}`.execute(db);
      return rows.map((row) => ({ what, head: Buffer.from(row.head, 'base64url'), count: Number(row.count) }));
    }),
  );
  return found.flat();
}
