import { readSettings } from './main-settings.ts';
import { SettingsError } from './settings.ts';
import { startSimulator } from './start-simulator.ts';

try {
  const simulator = await startSimulator(readSettings(process.env));
  let leaving = false;
  const leave = () => {
    if (leaving) return;
    leaving = true;
    // The answer to "did it end well" must not hang on a socket.
    setTimeout(() => process.exit(0), 800).unref();
    void simulator.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
  if (process.connected) process.on('disconnect', leave);
  if (process.env.SIMULATOR_EXIT_WITH_PARENT === '1') {
    process.stdin.on('end', leave).on('error', leave).resume();
  }
  console.log(`simulator listening on ${simulator.url}`);
} catch (error) {
  console.error(
    error instanceof SettingsError ? error.message : `the simulator cannot start: ${(error as Error).message}`,
  );
  process.exit(error instanceof SettingsError ? 2 : 1);
}
