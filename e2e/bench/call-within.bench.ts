import { callLatency } from './call-latency.ts';

export default [callLatency('within', 200, 0.8), callLatency('within', 1_000, 1)];
