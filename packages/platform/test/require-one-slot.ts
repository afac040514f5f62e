import { requireOneSlot } from '../src/redis/script.ts';

// Every test that runs a script thereby shows that the script works on a Redis Cluster.
requireOneSlot(true);
