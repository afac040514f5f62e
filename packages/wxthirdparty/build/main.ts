// `npm run pack`: writes the tarballs of the published packages into `dist/`.
import { packAll } from './pack.ts';

for (const { file, bytes } of await packAll()) console.log(`${file} (${Math.ceil(bytes / 1000)} kB)`);
