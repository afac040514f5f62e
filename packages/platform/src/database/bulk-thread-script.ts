import { workerData } from 'node:worker_threads';
import type { BulkOutcome, BulkStep } from './bulk.ts';
import { openBulk } from './open-bulk.ts';
import { serveWriterThread } from './serve-writer-thread.ts';

const { databaseUrl } = workerData as { readonly databaseUrl: string };
const bulk = await openBulk(databaseUrl, { durable: true });
serveWriterThread<readonly BulkStep[], BulkOutcome>(bulk, (steps) => bulk.apply(steps));
