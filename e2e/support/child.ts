import { type ChildProcess, spawn } from 'node:child_process';
import { until } from './until.ts';

/**
 * What finds programs and a home, what sets the clock and the zone (`npm run test:clock`), and what halves the CPU time of a
 * start (vitest.config.ts).
 */
const INHERITED = [
  'PATH',
  'HOME',
  'TZ',
  'LD_PRELOAD',
  'FAKETIME',
  'FAKETIME_DONT_FAKE_MONOTONIC',
  'NODE_COMPILE_CACHE',
];
const MAX_OUTPUT = 128 * 1024 * 1024;

/** A real process of a story: its output is kept, it can be frozen, killed and asked to leave. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | NodeJS.Signals>;
  #output = '';
  readonly #lines: Record<string, unknown>[] = [];
  /** Where the output starts that has not been parsed. */
  #parsedTo = 0;
  #code: number | NodeJS.Signals | undefined;

  constructor(name: string, command: string, args: readonly string[], env: Record<string, string>, cwd?: string) {
    this.name = name;
    this.#process = spawn(command, args, {
      env: { ...inherited(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd ? { cwd } : {}),
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        // A bench makes them say more than a string can hold.
        if (this.#output.length > MAX_OUTPUT) {
          this.#parsedTo = Math.max(0, this.#parsedTo - (this.#output.length - MAX_OUTPUT / 2));
          this.#output = this.#output.slice(-MAX_OUTPUT / 2);
        }
        this.#output += text;
      });
    }
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.#output += `\n${error.message}`;
        resolve(1);
      });
      this.#process.once('exit', (code, signal) => resolve(code ?? signal ?? 1));
    });
    void this.#exited.then((code) => {
      this.#code = code;
    });
  }

  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#code === undefined;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** The log lines, parsed; lines that are no JSON are skipped. */
  lines(): Record<string, unknown>[] {
    // Each line is parsed once, because stories poll for one among very many.
    const end = this.#output.lastIndexOf('\n') + 1;
    for (const line of this.#output.slice(this.#parsedTo, end).split('\n')) {
      try {
        if (line.startsWith('{')) this.#lines.push(JSON.parse(line) as Record<string, unknown>);
      } catch {
        // It is no log line.
      }
    }
    this.#parsedTo = end;
    return [...this.#lines];
  }

  async says(text: string | RegExp): Promise<void> {
    const said = () => (typeof text === 'string' ? this.#output.includes(text) : text.test(this.#output));
    await until(`${this.name} says ${text}`, () => said() || !this.running);
    if (!said()) throw new Error(`${this.name} ended (${this.#code}): ${this.#output.slice(-2_000)}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** How it ended by itself. */
  ended(): Promise<number | NodeJS.Signals> {
    return this.#exited;
  }

  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }

  /** Asks it to leave; answers how it left. Kills it after `withinMs`. */
  async shutDown(withinMs = 120_000): Promise<number | NodeJS.Signals> {
    this.thaw();
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), withinMs);
    try {
      return await this.#exited;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Nothing else of the tester's own environment may leak in. */
function inherited(): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
