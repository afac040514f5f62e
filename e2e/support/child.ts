import { type ChildProcess, spawn } from 'node:child_process';
import { endsWithUs } from '../../packages/platform/test/ends-with-us.ts';
import { until } from './until.ts';

/**
 * The variables that locate programs and the home folder, set the clock and the zone (`npm run test:clock`), or halve
 * the CPU time of a start (vitest.config.ts).
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
/** Of the output of a process that has ended. */
const MAX_READ_MS = 10_000;
const MAX_OUTPUT = 128 * 1024 * 1024;

/** A real process of a story: its output is recorded; it can be frozen, killed and shut down. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | NodeJS.Signals>;
  #output = '';
  readonly #lines: Record<string, unknown>[] = [];
  /** The position up to which the output is parsed. */
  #parsedTo = 0;
  #code: number | NodeJS.Signals | undefined;

  constructor(name: string, command: string, args: readonly string[], env: Record<string, string>, cwd?: string) {
    this.name = name;
    this.#process = spawn(command, args, {
      env: { ...inherited(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd ? { cwd } : {}),
    });
    endsWithUs(this.#process);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        // In a bench the output is longer than a string can be.
        if (this.#output.length > MAX_OUTPUT) {
          this.#parsedTo = Math.max(0, this.#parsedTo - (this.#output.length - MAX_OUTPUT / 2));
          this.#output = this.#output.slice(-MAX_OUTPUT / 2);
        }
        this.#output += text;
      });
    }
    const read = new Promise((resolve) => this.#process.once('close', resolve));
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.#output += `\n${error.message}`;
        resolve(1);
      });
      this.#process.once('exit', (code, signal) => {
        const end = () => resolve(code ?? signal ?? 1);
        // What it has written may not have been read yet. A process that it has started may keep the pipe open.
        const timer = setTimeout(end, MAX_READ_MS);
        void read.then(() => clearTimeout(timer)).then(end);
      });
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
        // It is not a log line.
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

  /** The exit code or signal with which the process ends by itself. */
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

  /** Requests a shutdown and returns the exit code; kills the process after `timeoutMs`. */
  async shutDown(timeoutMs = 120_000): Promise<number | NodeJS.Signals> {
    this.thaw();
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), timeoutMs);
    try {
      return await this.#exited;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** No other variable of the tester may reach the process. */
function inherited(): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
