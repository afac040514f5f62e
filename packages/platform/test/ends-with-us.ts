import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Kills the processes that it was given when its input ends, which the end of this process causes, however it ends. Ctrl-C
 * reaches it, too, and must not end it before. A process that has exited is removed, because its id may be used again.
 */
const GUARD = `trap '' INT TERM HUP
pids=' '
while read -r change pid; do
  case $change in
    add) pids="$pids$pid " ;;
    remove) case $pids in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
kill -KILL $pids 2>/dev/null`;

let guard: ChildProcess | undefined;

/** A server or process of a test does not outlive the tests, also if they are interrupted or killed. */
export function endsWithUs(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  guard ??= startGuard();
  guard.stdin?.write(`add ${pid}\n`);
  child.once('exit', () => guard?.stdin?.write(`remove ${pid}\n`));
}

function startGuard(): ChildProcess {
  const started = spawn('sh', ['-c', GUARD], { stdio: ['pipe', 'ignore', 'ignore'] });
  started.stdin.on('error', () => {});
  started.unref();
  (started.stdin as unknown as { unref(): void }).unref();
  return started;
}
