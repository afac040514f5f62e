import { Router } from 'express';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import { pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';

const ProcessAnswer = z
  .object({
    id: z.string(),
    role: z.enum(['node', 'gateway', 'worker']),
    version: z.string(),
    startedAt: time,
    heartbeatAt: time.meta({ description: 'every five seconds; 15 seconds without one mean that it has died' }),
    address: z.string().nullable().meta({ description: 'host, and port if it listens' }),
    lagMs: z.int().nullable().meta({ description: 'by how much its event loop was late lately (99th percentile)' }),
  })
  .meta({ id: 'Process' });

const RedisAnswer = z
  .object({
    kind: z.enum(['standalone', 'sentinel', 'cluster']),
    servers: z
      .array(
        z.object({
          address: z.string(),
          role: z.enum(['primary', 'replica']),
          up: z.boolean(),
          memory: z
            .object({ used: z.int(), max: z.int().nullable() })
            .nullable()
            .meta({ description: 'in bytes; null for replicas' }),
          replicas: z.int().nullable().meta({ description: 'connected to it' }),
          lagMs: z
            .int()
            .nullable()
            .meta({ description: 'of a replica: since it last confirmed what it has, to the second' }),
        }),
      )
      .readonly(),
    minReplicasToWrite: z.int().nullable().meta({ description: 'null: the provider does not report it' }),
    evictionPolicy: z.string().nullable(),
    aof: z.boolean().nullable(),
  })
  .meta({ id: 'Redis' });

const QueueAnswer = z
  .object({
    name: z.string(),
    description: z.string(),
    waiting: z.int(),
    active: z.int(),
    delayed: z.int(),
    failed: z.int(),
    oldestMs: z.int().nullable().meta({ description: 'how long the next job has been waiting' }),
    workers: z.int().meta({ description: 'processes that take its jobs' }),
  })
  .meta({ id: 'Queue' });

export const deploymentOperations: Operations = {
  'GET /v1/processes': {
    id: 'listProcesses',
    tag: 'Status',
    summary: 'The processes of this deployment, by their heartbeats',
    answers: { 200: pageOf(ProcessAnswer) },
  },
  'GET /v1/redis': {
    id: 'getRedis',
    tag: 'Status',
    summary: 'The servers of Redis, and the settings that decide what a failure loses',
    answers: { 200: RedisAnswer },
  },
  'GET /v1/queues': {
    id: 'listQueues',
    tag: 'Status',
    summary: 'What waits in each queue, and in the stream of pushes',
    answers: { 200: pageOf(QueueAnswer) },
  },
};

export function deploymentRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.get('/v1/processes', async (_request, response) => {
    const items = await platform.processes();
    response.json({ items, next: null } satisfies { items: readonly z.input<typeof ProcessAnswer>[]; next: null });
  });

  routes.get('/v1/redis', async (_request, response) => {
    response.json((await platform.redisState()) satisfies z.input<typeof RedisAnswer>);
  });

  routes.get('/v1/queues', async (_request, response) => {
    const [states, workers] = await Promise.all([platform.queueStates(), platform.liveWorkers()]);
    const items = states.map((state) => ({ ...state, workers }));
    response.json({ items, next: null } satisfies { items: readonly z.input<typeof QueueAnswer>[]; next: null });
  });

  return routes;
}
