import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { composeNames } from '../src/misspelt-names.ts';
import { root } from '../src/root.ts';
import { secretFileNames } from '../src/secret-files.ts';
import { settingNames, settingsSchema } from '../src/settings-schema.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Of each variable, the text in the column "default". */
const documented = new Map(
  [...read('docs/configuration.md').matchAll(/^\| ((?:`[A-Z_]+`(?:, )?)+) \| (.*?)\| /gm)].flatMap(
    ([, names, fallback]) => names!.split(', ').map((name) => [name.replaceAll('`', ''), fallback!.trim()] as const),
  ),
);
/** In backticks is a value; the rest is prose. */
const codeOf = (text: string | undefined) => /^`(.*)`$/.exec(text ?? '')?.[1];

const schemas = Object.entries(settingsSchema.shape);

describe('docs/configuration.md', () => {
  it('documents every setting, and none that does not exist', () => {
    expect([...documented.keys()].toSorted()).toEqual(
      [...settingNames, ...secretFileNames, ...composeNames].toSorted(),
    );
  });

  it.each(schemas)('gives the default of %s', (name, schema) => {
    const fallback = schema.parse(undefined);
    const text = codeOf(documented.get(name));
    if (Array.isArray(fallback) && fallback.length === 0) expect(documented.get(name)).toBe('');
    else if (fallback !== undefined) expect(schema.parse(text)).toEqual(fallback);
    // A default that depends on the command or on other settings is prose or an example, and no value of the schema.
    else if (name !== 'PUBLIC_URL') expect(text).toBeUndefined();
  });
});

describe('.env.example', () => {
  const example = [...read('.env.example').matchAll(/^#([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name!, value!]);
  /** What a reader has to replace. */
  const examples = ['PUBLIC_URL', 'REDIS_URL', 'WX_COMPONENT_APPID', 'WX_COMPONENTS_FILE', 'PORT'];

  it.each(example.filter(([name]) => !examples.includes(name!)))('shows the default of %s', (name, value) => {
    const schema = settingsSchema.shape[name as keyof typeof settingsSchema.shape];
    expect(schema.parse(value)).toEqual(schema.parse(undefined));
  });
});
