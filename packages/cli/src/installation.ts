import { fileURLToPath } from 'node:url';

/** A checkout runs its TypeScript as it is; the npm package has JavaScript that was built from it. */
export const isCheckout = import.meta.url.endsWith('.ts');

/** The script of the simulator, which shares no code with this package and runs in a process of its own. */
export const simulatorScript = fileURLToPath(
  // The build writes all scripts into one folder.
  new URL(isCheckout ? '../../simulator/src/main.ts' : 'simulator.js', import.meta.url),
);

/** The built console. */
export const consoleFolder = fileURLToPath(new URL(isCheckout ? '../../console/dist' : 'console', import.meta.url));

/** How a command of this program is typed; `command` may have arguments. */
export function typed(command: string): string {
  if (!isCheckout) return `npx wxthirdparty ${command}`;
  return command === 'start' ? 'npm start' : `npm run wxthirdparty -- ${command}`;
}
