import { callLatency } from './call-latency.ts';

export default [callLatency('apart', 200, 2), callLatency('apart', 1_000, 2)];
