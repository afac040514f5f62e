import { callLatency } from './call-latency.ts';

export default [callLatency('apart', 200, 1.7), callLatency('apart', 1_000, 1.7)];
