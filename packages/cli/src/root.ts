import { fileURLToPath } from 'node:url';

/** The folder that contains `.env` and `.data`. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
