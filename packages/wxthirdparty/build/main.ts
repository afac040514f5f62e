// `npm run pack`: writes the tarballs of the published packages into `dist/`.
import { relative } from 'node:path';
import { packAll } from './pack.ts';

for (const { path, bytes } of await packAll()) {
  console.log(`${relative(process.cwd(), path)} (${Math.ceil(bytes / 1000)} kB)`);
}
