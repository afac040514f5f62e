import { fileURLToPath } from 'node:url';

/** The folder that holds `.env` and `.data`. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
