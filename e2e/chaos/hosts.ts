import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const NAMES = ['h1', 'h2', 'h3', 'db', 'wx'] as const;
export type HostName = (typeof NAMES)[number];
/** The hosts that run a node, a Redis and a Sentinel each; `db` runs the database, `wx` WeChat and the balancer. */
export const NODE_HOSTS = ['h1', 'h2', 'h3'] as const satisfies readonly HostName[];
export type NodeHost = (typeof NODE_HOSTS)[number];

/** Where the processes of a run are. `processes`: all on this machine, for lack of the right to create namespaces. */
export type HostKind = 'namespaces' | 'processes';

/**
 * The hosts of one run. With namespaces, each is a network of its own whose only link is a port of a bridge in a sixth one;
 * nothing outside of them is touched. Otherwise each is an address of the loopback network.
 */
export class Hosts {
  readonly run: string;
  readonly kind: HostKind;

  /** `run`: six hex digits, part of every namespace's name. */
  constructor(run: string, kind: HostKind) {
    this.run = run;
    this.kind = kind;
  }

  address(host: HostName): string {
    const number = NAMES.indexOf(host) + 1;
    // Any address of 127.0.0.0/8 belongs to this machine, so fixed ports do not collide with those of other programs.
    if (this.kind === 'processes') return `127.${[2, 4].map((at) => this.#byte(at)).join('.')}.${number}`;
    return `10.231.77.${number}`;
  }

  /** The network of all hosts. */
  get net(): string {
    return `${this.address('h1').replace(/\.1$/, '.0')}/24`;
  }

  /** The words in front of a command that run it on this host; `ip` replaces itself by the command. */
  within(host: HostName): readonly string[] {
    return this.kind === 'namespaces' ? ['ip', 'netns', 'exec', this.#namespace(host)] : [];
  }

  /** Its packets are lost without a sign, as with a pulled cable. */
  async cut(host: HostName): Promise<void> {
    await this.#setPort(host, 'down');
  }

  async heal(host: HostName): Promise<void> {
    await this.#setPort(host, 'up');
  }

  async create(): Promise<void> {
    const bridge = this.#namespace('net');
    await ip('netns', 'add', bridge);
    await ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge');
    await ip('-n', bridge, 'link', 'set', 'br0', 'up');
    for (const host of NAMES) {
      const own = this.#namespace(host);
      await ip('netns', 'add', own);
      const peer = ['peer', 'name', 'eth0', 'address', macOf(host), 'netns', own];
      await ip('-n', bridge, 'link', 'add', host, 'type', 'veth', ...peer);
      await ip('-n', bridge, 'link', 'set', host, 'master', 'br0', 'up');
      await ip('-n', own, 'addr', 'add', `${this.address(host)}/24`, 'dev', 'eth0');
      for (const link of ['lo', 'eth0']) await ip('-n', own, 'link', 'set', link, 'up');
      // Behind a router nothing reports that a neighbour is gone; without fixed entries the kernel would, after seconds.
      for (const other of NAMES) {
        if (other === host) continue;
        const entry = [this.address(other), 'lladdr', macOf(other), 'dev', 'eth0', 'nud', 'permanent'];
        await ip('-n', own, 'neigh', 'add', ...entry);
      }
    }
  }

  /** All namespaces that `create` may have made. */
  get namespaces(): readonly string[] {
    return [...NAMES, 'net' as const].map((name) => this.#namespace(name));
  }

  async #setPort(host: HostName, state: 'up' | 'down'): Promise<void> {
    if (this.kind !== 'namespaces') throw new Error('only a host that is a namespace can be cut off');
    await ip('-n', this.#namespace('net'), 'link', 'set', host, state);
  }

  #namespace(name: HostName | 'net'): string {
    return `wxchaos-${this.run}-${name}`;
  }

  #byte(at: number): number {
    return 1 + (Number.parseInt(this.run.slice(at - 2, at), 16) % 254);
  }
}

/** Undefined where network namespaces can be created, otherwise the reason. */
export async function whyNoNamespaces(run: string): Promise<string | undefined> {
  const name = `wxchaos-${run}-try`;
  try {
    await ip('netns', 'add', name);
    await ip('-n', name, 'link', 'add', 'br0', 'type', 'bridge');
    return undefined;
  } catch (error) {
    return `network namespaces cannot be created here (${firstLine(error)})`;
  } finally {
    await ip('netns', 'del', name).catch(() => {});
  }
}

/**
 * Removes the namespaces and kills the processes in them when its input ends, which the end of this process causes, however
 * it ends. Ctrl-C reaches it, too, and must not end it before.
 */
const REMOVER = `trap '' INT TERM HUP
while read -r _; do :; done
for name in "$@"; do
  kill -KILL $(ip netns pids "$name" 2>/dev/null) 2>/dev/null
done
for name in "$@"; do ip netns del "$name" 2>/dev/null; done`;

/** Creates the namespaces; `remove` ends everything in them. They are also removed if this process is killed. */
export async function createHosts(hosts: Hosts): Promise<{ remove(): Promise<void> }> {
  if (hosts.kind === 'processes') return { remove: () => Promise.resolve() };
  const remover = spawn('sh', ['-c', REMOVER, 'sh', ...hosts.namespaces], { stdio: ['pipe', 'ignore', 'inherit'] });
  const remove = () => ended(remover);
  try {
    await hosts.create();
  } catch (error) {
    await remove();
    throw error;
  }
  return { remove };
}

function ended(remover: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (remover.exitCode !== null || remover.signalCode !== null) return resolve();
    remover.once('exit', () => resolve());
    remover.stdin?.end();
  });
}

async function ip(...args: readonly string[]): Promise<void> {
  await run('ip', args);
}

function macOf(host: HostName): string {
  return `02:00:00:00:77:0${NAMES.indexOf(host) + 1}`;
}

function firstLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr || message).trim().split('\n')[0]!;
}
