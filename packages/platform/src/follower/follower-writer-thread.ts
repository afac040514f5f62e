import { parentPort, workerData } from 'node:worker_threads';
import type { BulkStep } from '../database/bulk.ts';
import { openBulkWriter } from '../database/open-bulk.ts';
import type { SqlValue } from '../database/statement.ts';
import { followerUpsert, pushDetails } from './follower-row.ts';
import type { DetailsStep, WriterAnswer, WriterStep, Written } from './follower-writer.ts';

/** A number that JSON.parse would round. */
const MAY_EXCEED = /[:,[]\s*-?\d{16}/;

const { databaseUrl } = workerData as { readonly databaseUrl: string };
const bulk = await openBulkWriter(databaseUrl);

class Unreadable extends Error {}

/** Plain JSON only; what WeChat writes otherwise is for the main thread, which knows how to forgive it. */
function read({ account, answers, askedAt }: DetailsStep): BulkStep[] {
  const values: SqlValue[] = [];
  for (const answer of answers) {
    const text = Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.byteLength).toString('utf8');
    if (MAY_EXCEED.test(text)) throw new Unreadable();
    let details: { readonly user_info_list?: unknown };
    try {
      details = JSON.parse(text) as { readonly user_info_list?: unknown };
    } catch {
      throw new Unreadable();
    }
    pushDetails(values, account, answer.openids.split('\n'), details.user_info_list, answer.askedAt);
  }
  return values.length > 0 ? [followerUpsert(values, askedAt)] : [];
}

async function write(steps: readonly WriterStep[]): Promise<Written> {
  try {
    return await bulk.write(steps.flatMap((step) => ('answers' in step ? read(step) : [step])));
  } catch (error) {
    if (error instanceof Unreadable) return 'unreadable';
    throw error;
  }
}

async function answer(id: number, steps: readonly WriterStep[]): Promise<WriterAnswer> {
  try {
    return { id, result: await write(steps) };
  } catch (error) {
    const { message, code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
    return { id, error: { message, code, errcode } };
  }
}

let last: Promise<void> = Promise.resolve();
parentPort!.on('message', (asked: 'close' | { readonly id: number; readonly steps: readonly WriterStep[] }) => {
  // On MySQL, writes of several syncs go side by side; closing waits for all of them.
  if (asked === 'close') {
    void last.then(() => bulk.close()).finally(() => parentPort!.close());
    return;
  }
  const mine = answer(asked.id, asked.steps).then((told) => parentPort!.postMessage(told));
  last = Promise.allSettled([last, mine]).then(() => {});
});
