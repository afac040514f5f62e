// `npm run pack`: writes the tarballs of the published packages into `dist/`. With `--publication` it first checks that they
// may be published.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packAll } from './pack.ts';
import { publicationFaults } from './publication.ts';
import { readRepository } from './read-repository.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { publication } = parseArgs({ options: { publication: { type: 'boolean', default: false } } }).values;
const faults = publication ? publicationFaults(readRepository(root)) : [];
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exitCode = 1;
} else {
  for (const { path, bytes } of await packAll()) {
    console.log(`${relative(root, path)} (${Math.ceil(bytes / 1000)} kB)`);
  }
}
