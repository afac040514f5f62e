import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, the lockfile and `.env`. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
