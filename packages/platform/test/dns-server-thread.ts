import { parentPort, workerData } from 'node:worker_threads';
import { type DnsAnswer, DnsServer } from './dns-server.ts';

// It answers also while the test's own thread does nothing. Its message: its address.
const server = await DnsServer.open();
for (const [name, answer] of workerData as readonly [string, DnsAnswer][]) server.answers.set(name, answer);
parentPort?.postMessage(server.server);
