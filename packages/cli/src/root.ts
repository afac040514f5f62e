import { fileURLToPath } from 'node:url';
import { isCheckout } from './installation.ts';

/** The folder of `.env` and of relative paths: that of the checkout, or the one in which the user runs the npm package. */
export const root = isCheckout ? fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '') : process.cwd();
