import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import calculateSlot from 'cluster-key-slot';
import { type ChainableCommander, Cluster, type Redis } from 'ioredis';

/**
 * Lua that several scripts share: functions, or values such as `now`. It comes before the names of a script's keys and
 * arguments, so that it can use none of them.
 */
export interface SharedLua {
  readonly uses?: readonly SharedLua[];
  readonly lua: string;
}

/**
 * `now`: milliseconds of Redis' own clock, the one clock on which all processes agree. `ms(time)`: a time as Redis stores
 * it, since Lua writes numbers of this size in scientific notation.
 */
export const REDIS_CLOCK: SharedLua = {
  lua: `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function ms(time) return string.format('%.0f', time) end
`,
};

/** `true` and `false` reach Lua as '1' and '0'. */
type ArgValue = string | number | boolean | Buffer;

/** One value for each declared name: `'name?'` may be absent, `'...names'` takes a list. */
type Named<Names extends readonly string[], Value> = {
  readonly [Name in Names[number] as Name extends `...${string}` | `${string}?` ? never : Name]: Value;
} & {
  readonly [Name in Names[number] as Name extends `${infer Optional}?` ? Optional : never]?: Value | undefined;
} & {
  readonly [Name in Names[number] as Name extends `...${infer Rest}` ? Rest : never]: readonly Value[];
};

/** Omitted where a script declares no arguments. */
type ArgsOf<Args extends readonly string[]> = Args extends readonly [] ? [] : [args: Named<Args, ArgValue>];

export interface Script<Keys extends readonly string[], Args extends readonly string[], Answer> {
  run(redis: Redis | Cluster, keys: Named<Keys, string>, ...args: ArgsOf<Args>): Promise<Answer>;
  /**
   * Many runs in one command batch. A run that fails hinders no other; its answer is its error. On a Cluster each run is
   * sent by itself, since their keys may be on several servers.
   */
  batch(redis: Redis | Cluster, runs: readonly ScriptCall<Keys, Args>[]): Promise<(Answer | Error)[]>;
  /** Adds many runs to a command batch that has others beside them. What it returns reads their part of the replies. */
  addTo(
    commands: ChainableCommander,
    runs: readonly ScriptCall<Keys, Args>[],
  ): {
    /** How many commands were added. */
    readonly commands: number;
    /** `replies`: to these commands only. */
    read(replies: readonly PipelineReply[]): (Answer | Error)[];
  };
}

/** One run of a script. */
export type ScriptCall<Keys extends readonly string[], Args extends readonly string[]> = readonly [
  keys: Named<Keys, string>,
  ...args: ArgsOf<Args>,
];

/** To one command of a batch. */
export type PipelineReply = readonly [error: Error | null, reply: unknown];

interface ScriptDefinition<Keys extends readonly string[], Args extends readonly string[], Reply, Answer> {
  /** What each key is called in Lua. The last name may be `'name?'` (nil where absent) or `'...names'` (a table). */
  readonly keys: Keys;
  /** The same for the arguments. */
  readonly args?: Args;
  readonly uses?: readonly SharedLua[];
  readonly lua: string;
  /** Replies hold Buffers instead of strings. */
  readonly buffers?: boolean;
  /** Converts Redis' reply to the script's answer. Without it a script answers nothing. */
  readonly decode?: (reply: Reply) => Answer;
}

interface ScriptRun {
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Buffer)[];
}

/**
 * A Lua script whose keys and arguments have names, in Lua and in TypeScript. It is sent by its hash, and in full only
 * where the server does not know it (a restart or FLUSHALL forgets).
 */
export function defineScript<
  const Keys extends readonly string[],
  Reply,
  const Args extends readonly string[] = [],
  Answer = void,
>(definition: ScriptDefinition<Keys, Args, Reply, Answer>): Script<Keys, Args, Answer> {
  // The values are checked where the script is called; inside, they are read by name.
  return scriptOf(definition as ScriptDefinition<readonly string[], readonly string[], unknown, unknown>) as Script<
    Keys,
    Args,
    Answer
  >;
}

/** The text of all that is shared, each part once and after what it uses. */
function sharedLua(uses: readonly SharedLua[]): string {
  const parts = new Set<SharedLua>();
  const add = (part: SharedLua) => {
    part.uses?.forEach(add);
    parts.add(part);
  };
  uses.forEach(add);
  return [...parts].map(({ lua }) => lua).join('\n');
}

let oneSlotIsRequired = false;

/** Makes every script of this process refuse keys of several slots, as a Redis Cluster does. For tests on one server. */
export function requireOneSlot(isRequired: boolean): void {
  oneSlotIsRequired = isRequired;
}

function checked(keys: readonly string[]): readonly string[] {
  if (oneSlotIsRequired && new Set(keys.map((key) => calculateSlot(key))).size > 1) {
    throw new Error(`The keys of a script must be in one slot: ${keys.join(', ')}`);
  }
  return keys;
}

type Values = Readonly<Record<string, ArgValue | readonly ArgValue[] | undefined>>;

function scriptOf(
  definition: ScriptDefinition<readonly string[], readonly string[], unknown, unknown>,
): Script<readonly string[], readonly string[], unknown> {
  const { keys: keyNames, args: argNames = [], uses = [], buffers = false, decode } = definition;
  const lua = [sharedLua(uses), localsOf(keyNames, 'KEYS'), localsOf(argNames, 'ARGV'), definition.lua].join('\n');
  const command = commandOf(lua, buffers);
  const runOf = (keys: Values, args: Values = {}): ScriptRun => ({
    keys: checked(valuesOf(keyNames, keys) as string[]),
    args: valuesOf(argNames, args).map((value) => (typeof value === 'boolean' ? Number(value) : value)),
  });
  const addTo: Script<readonly string[], readonly string[], unknown>['addTo'] = (commands, runs) => ({
    commands: command.addTo(
      commands,
      runs.map(([keys, args]) => runOf(keys, args)),
    ),
    read: ([, ...replies]) => replies.map(([error, reply]) => error ?? decode?.(reply)),
  });
  const run = async (redis: Redis | Cluster, keys: Values, args?: Values) => {
    const reply = await command.run(redis, runOf(keys, args));
    return decode?.(reply);
  };
  return {
    run,
    async batch(redis, runs) {
      const runOrError = ([keys, args]: (typeof runs)[number]) =>
        run(redis, keys, args).catch((error: unknown) => error);
      if (redis instanceof Cluster) return Promise.all(runs.map(runOrError));
      const commands = redis.pipeline();
      const added = addTo(commands, runs);
      const answers = added.read((await commands.exec())!);
      return Promise.all(answers.map((answer, i) => (lacksReplicas(answer) ? runOrError(runs[i]!) : answer)));
    },
    addTo,
  };
}

/** ioredis has these for Buffers, too; its types do not say so. */
type Evaluate<Result> = (script: string, keys: number, ...rest: (string | number | Buffer)[]) => Result;
interface Evaluator {
  readonly eval: Evaluate<Promise<unknown>>;
  readonly evalBuffer: Evaluate<Promise<unknown>>;
  readonly evalsha: Evaluate<Promise<unknown>>;
  readonly evalshaBuffer: Evaluate<Promise<unknown>>;
}

/** A short loss of all replicas must not fail work that waits for Redis; a fail-fast connection rejects with a Failure instead. */
const REPLICAS_TIMEOUT_MS = 10_000;
const REPLICAS_INTERVAL_MS = 250;

function lacksReplicas(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOREPLICAS ');
}

function commandOf(lua: string, buffers: boolean) {
  const hash = createHash('sha1').update(lua).digest('hex');
  const byHash = buffers ? 'evalshaBuffer' : 'evalsha';
  const inFull = buffers ? 'evalBuffer' : 'eval';
  const run = async (redis: Redis | Cluster, { keys, args }: ScriptRun): Promise<unknown> => {
    const evaluator = redis as unknown as Evaluator;
    try {
      return await evaluator[byHash](hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await evaluator[inFull](lua, keys.length, ...keys, ...args);
    }
  };
  /** While a primary lacks replicas, it refuses to write, and a script that was refused has written nothing. */
  const runWithReplicas = async (redis: Redis | Cluster, script: ScriptRun): Promise<unknown> => {
    const giveUpAt = performance.now() + REPLICAS_TIMEOUT_MS;
    for (;;) {
      try {
        return await run(redis, script);
      } catch (error) {
        if (!lacksReplicas(error) || performance.now() > giveUpAt) throw error;
        await pause(REPLICAS_INTERVAL_MS);
      }
    }
  };
  const addTo = (commands: ChainableCommander, runs: readonly ScriptRun[]): number => {
    // Loaded in the same batch: a second one for the servers that do not know it would come too late.
    commands.script('LOAD', lua);
    for (const { keys, args } of runs) {
      (commands as unknown as Record<typeof byHash, Evaluate<unknown>>)[byHash](hash, keys.length, ...keys, ...args);
    }
    return 1 + runs.length;
  };
  return { run: runWithReplicas, addTo };
}

/** `local record = KEYS[1]` and so on. */
function localsOf(names: readonly string[], table: 'KEYS' | 'ARGV'): string {
  return names
    .map((name, i) => {
      const at = i + 1;
      if (!name.startsWith('...')) return `local ${name.replace('?', '')} = ${table}[${at}]`;
      const rest = name.slice('...'.length);
      // Not by unpack(), which is limited to some thousand values.
      return at === 1
        ? `local ${rest} = ${table}`
        : `local ${rest} = {} for i = ${at}, #${table} do ${rest}[i - ${at - 1}] = ${table}[i] end`;
    })
    .join('\n');
}

function valuesOf(names: readonly string[], values: Values): ArgValue[] {
  return names.flatMap((name) => {
    if (name.startsWith('...')) return values[name.slice('...'.length)] as readonly ArgValue[];
    const value = values[name.replace('?', '')] as ArgValue | undefined;
    return value === undefined ? [] : [value];
  });
}
