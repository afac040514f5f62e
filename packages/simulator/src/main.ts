import { readSettings } from './main-settings.ts';
import { SettingsError } from './settings.ts';
import { startSimulator } from './start-simulator.ts';

try {
  const simulator = await startSimulator(readSettings(process.env));
  let closing = false;
  const close = () => {
    if (closing) return;
    closing = true;
    // A socket that stays open must not delay the exit.
    setTimeout(() => process.exit(0), 800).unref();
    void simulator.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
  if (process.connected) process.on('disconnect', close);
  if (process.env.SIMULATOR_EXIT_WITH_PARENT === '1') {
    process.stdin.on('end', close).on('error', close).resume();
  }
  console.log(`simulator listening on ${simulator.url}`);
} catch (error) {
  console.error(
    error instanceof SettingsError ? error.message : `the simulator cannot start: ${(error as Error).message}`,
  );
  process.exit(error instanceof SettingsError ? 2 : 1);
}
