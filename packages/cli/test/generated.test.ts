import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sdkFiles } from '../generate/sdk-files.ts';
import { root } from '../src/root.ts';

describe('the files that the SDK copies from the project', () => {
  it.each([...sdkFiles()])('%s is as `npm run generate` makes it', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8') === text, `run \`npm run generate\`: ${path} is not current`).toBe(
      true,
    );
  });
});
