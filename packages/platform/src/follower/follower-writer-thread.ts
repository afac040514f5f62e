import { workerData } from 'node:worker_threads';
import { openBulk } from '../database/open-bulk.ts';
import { serveWriterThread } from '../database/serve-writer-thread.ts';
import type { SqlValue } from '../database/statement.ts';
import { diffRange } from './diff-range.ts';
import { followerUpsert, pushDetails } from './follower-row.ts';
import type { Details, WriterRequest, WrittenDetails } from './follower-writer.ts';

/** A number that JSON.parse might round. */
const MAY_EXCEED = /[:,[]\s*-?\d{16}/;

const { databaseUrl } = workerData as { readonly databaseUrl: string };
const bulk = await openBulk(databaseUrl, { durable: false });

class Unreadable extends Error {}

/** Plain JSON only; the main thread reads WeChat's malformed answers. */
function read({ account, values, answers }: Details): SqlValue[] {
  const all = [...values];
  for (const answer of answers) {
    const text = Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.byteLength).toString('utf8');
    if (MAY_EXCEED.test(text)) throw new Unreadable();
    let details: { readonly user_info_list?: unknown };
    try {
      details = JSON.parse(text) as { readonly user_info_list?: unknown };
    } catch {
      throw new Unreadable();
    }
    if (!Array.isArray(details.user_info_list)) throw new Unreadable();
    pushDetails(all, account, answer.openids.split('\n'), details.user_info_list, answer.askedAt);
  }
  return all;
}

async function write({ steps, details }: WriterRequest): Promise<WrittenDetails> {
  if (!details) return { result: await bulk.write(steps), unlisted: false };
  try {
    const { account, askedAt, range, ifUnlisted } = details;
    const { news, unlisted } = await diffRange(bulk, account, read(details), askedAt, range);
    const changes = news.length > 0 ? [followerUpsert(news, askedAt)] : [];
    const result = await bulk.write([...steps, ...changes, ...(unlisted ? [ifUnlisted] : [])]);
    return { result, unlisted };
  } catch (error) {
    if (error instanceof Unreadable) return { result: 'unreadable', unlisted: false };
    throw error;
  }
}

serveWriterThread(bulk, write);
