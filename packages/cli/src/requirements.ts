import { typed } from './installation.ts';

type Requirement = 'component' | 'secretsKey' | 'redis';

interface Requirements {
  /** Runs until a shutdown is requested; the other commands must work with weak secrets, so that these can be replaced. */
  readonly serves: boolean;
  readonly requires: readonly Requirement[];
}

/** What each command requires of the environment. `sync`, `quotas` and `simulator` read variables of their own. */
const requirements = {
  node: { serves: true, requires: ['component', 'secretsKey', 'redis'] },
  gateway: { serves: true, requires: ['component', 'secretsKey', 'redis'] },
  worker: { serves: true, requires: ['component', 'secretsKey', 'redis'] },
  // Runs a Redis of its own. Demo mode also makes its own secrets.
  start: { serves: true, requires: ['component', 'secretsKey'] },
  'start (demo)': { serves: true, requires: [] },
  import: { serves: false, requires: ['component', 'secretsKey'] },
  // These use the Redis of `start` if REDIS_URL is not set (redis-beside.ts).
  'rotate-secrets': { serves: false, requires: ['secretsKey'] },
  'adopt-redis': { serves: false, requires: ['secretsKey'] },
  'discard-calls': { serves: false, requires: ['secretsKey'] },
  'callback-secret': { serves: false, requires: [] },
  migrate: { serves: false, requires: [] },
  keys: { serves: false, requires: [] },
  alarms: { serves: false, requires: [] },
  backup: { serves: false, requires: [] },
} as const satisfies Record<string, Requirements>;

/** The commands that read their settings from the environment. */
export type ConfiguredCommand = Exclude<keyof typeof requirements, 'start (demo)'>;

export function requirementsOf(command: ConfiguredCommand, env: NodeJS.ProcessEnv): Requirements {
  return requirements[command === 'start' && isDemo(env) ? 'start (demo)' : command];
}

/** Demo mode: `start` without a component runs a simulated WeChat and makes its own secrets. */
export function isDemo(env: NodeJS.ProcessEnv): boolean {
  return !env.WX_COMPONENT_APPID && !env.WX_COMPONENTS_FILE;
}

/** A sentence for each requirement that the environment does not meet. */
export function missingSettings({ requires }: Pick<Requirements, 'requires'>, env: NodeJS.ProcessEnv): string[] {
  return requires.filter((requirement) => !isMet[requirement](env)).map((requirement) => ADVICE[requirement]);
}

const isMet: Record<Requirement, (env: NodeJS.ProcessEnv) => boolean> = {
  component: (env) => !isDemo(env),
  secretsKey: (env) => Boolean(env.SECRETS_KEY),
  redis: (env) => Boolean(env.REDIS_URL),
};

const ADVICE: Record<Requirement, string> = {
  component: `WX_COMPONENT_APPID is missing; name your component (with WX_COMPONENT_APPSECRET, WX_TOKEN, WX_ENCODING_AES_KEY) or list several in WX_COMPONENTS_FILE. To try the system without one, use "${typed('start')}".`,
  secretsKey: 'SECRETS_KEY is missing; make one with "openssl rand -base64 32", and keep a copy in a safe place.',
  redis: 'REDIS_URL is missing; name the Redis that all processes share, like redis://127.0.0.1:6379.',
};
