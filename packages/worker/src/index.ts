export { startProbes } from './start-probes.ts';
export { startWorkers, type WorkerSettings } from './start-workers.ts';
