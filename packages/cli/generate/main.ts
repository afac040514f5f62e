import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../src/root.ts';
import { sdkFiles } from './sdk-files.ts';

for (const [path, text] of sdkFiles()) {
  writeFileSync(join(root, path), text);
  console.log(path);
}
