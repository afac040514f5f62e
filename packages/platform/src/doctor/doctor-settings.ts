import type { Queue } from 'bullmq';
import type { ComponentSettings } from '../component/components.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Scope } from '../scope.ts';
import type { Finding } from './finding.ts';

/** Everything that is examined. A setting that is missing or cannot be read is undefined or empty; `checkSettings` says why. */
export interface DoctorSettings {
  readonly redisUrl: string | undefined;
  readonly redisPrefix: string;
  readonly databaseUrl: string | undefined;
  readonly secretsKeys: readonly Buffer[];
  readonly components: readonly ComponentSettings[];
  /** Why others are not among them; sentences without values. */
  readonly componentFaults: readonly string[];
  readonly wechat: {
    readonly apiBases: readonly string[];
    readonly proxy?: string | undefined;
  };
  readonly publicUrl: string | undefined;
  readonly dataDir: string;
  /** All queues of this version; the scope closes them. */
  openQueues(redis: RedisClient, scope: Scope): readonly Queue[];
  /** How an operator types a command of this program. */
  typed(command: string): string;
  /** The settings belong to the command line, and so does their check. */
  checkSettings(): Promise<Finding>;
}
