import { readFileSync } from 'node:fs';
import type { ComponentSettings } from '@wxthirdparty/platform';
import { z } from 'zod';

/** What WeChat's console accepts. Each message continues a sentence that begins with the name of the setting. */
const schema = z.object({
  appid: z
    .string('is missing')
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the AppID of the third-party platform (wx and 16 letters or digits)'),
  appsecret: z.string('is missing').regex(/^\S+$/, "must be the platform's AppSecret, without spaces"),
  token: z
    .string('is missing')
    .regex(/^[A-Za-z0-9]{3,32}$/, "must be the console's 消息校验 Token: 3 to 32 letters or digits"),
  encodingAesKey: z
    .string('is missing')
    .regex(/^[A-Za-z0-9]{43}$/, "must be the console's 消息加解密 Key: exactly 43 letters or digits"),
  previousToken: z
    .string()
    .regex(/^[A-Za-z0-9]{3,32}$/, 'must be 3 to 32 letters or digits, as the token before the change')
    .optional(),
  previousEncodingAesKey: z
    .string()
    .regex(/^[A-Za-z0-9]{43}$/, 'must be exactly 43 letters or digits, as the key before the change')
    .optional(),
});

type Field = keyof typeof schema.shape;

const NAMES: Record<Field, string> = {
  appid: 'WX_COMPONENT_APPID',
  appsecret: 'WX_COMPONENT_APPSECRET',
  token: 'WX_TOKEN',
  encodingAesKey: 'WX_ENCODING_AES_KEY',
  previousToken: 'WX_PREVIOUS_TOKEN',
  previousEncodingAesKey: 'WX_PREVIOUS_ENCODING_AES_KEY',
};

/** The variables that describe one component. */
export const componentVariables: readonly string[] = Object.values(NAMES);

/** The component of the environment and those of WX_COMPONENTS_FILE. Faults are added to `faults`. */
export function readComponents(
  env: NodeJS.ProcessEnv,
  file: string | undefined,
  faults: string[],
): ComponentSettings[] {
  const found: { component: ComponentSettings; place: string }[] = [];
  const fromEnv = fromEnvironment(env, faults);
  if (fromEnv) found.push({ component: fromEnv, place: NAMES.appid });
  if (file !== undefined) found.push(...fromFile(file, faults));

  const places = new Map<string, string>();
  for (const { component, place } of found) {
    const first = places.get(component.appid);
    if (first === undefined) places.set(component.appid, place);
    else faults.push(`${place} names the component ${component.appid} that ${first} names already; keep one of them.`);
  }
  return found.map(({ component }) => component);
}

/** Without an appid there is no component, and the other variables are ignored. */
function fromEnvironment(env: NodeJS.ProcessEnv, faults: string[]): ComponentSettings | undefined {
  if (!env[NAMES.appid]) return undefined;
  const fields = Object.entries(NAMES).map(([field, name]) => [field, env[name] || undefined]);
  const parsed = schema.safeParse(Object.fromEntries(fields));
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) faults.push(`${NAMES[issue.path[0] as Field]} ${issue.message}.`);
  return undefined;
}

function fromFile(file: string, faults: string[]): { component: ComponentSettings; place: string }[] {
  let entries: unknown;
  try {
    entries = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    // The message of a JSON error quotes the text around the error, which may be a secret.
    const why =
      cause instanceof SyntaxError ? 'is not JSON' : `cannot be read (${(cause as NodeJS.ErrnoException).code})`;
    faults.push(`WX_COMPONENTS_FILE: ${file} ${why}.`);
    return [];
  }
  if (!Array.isArray(entries) || entries.length === 0) {
    faults.push(`WX_COMPONENTS_FILE: ${file} must hold an array of components: [{"appid": …, "appsecret": …, …}].`);
    return [];
  }
  return entries.flatMap((entry: unknown, index) => {
    const place = `WX_COMPONENTS_FILE: entry ${index + 1} of ${file}`;
    const parsed = schema.strict().safeParse(entry);
    if (parsed.success) return [{ component: parsed.data, place }];
    for (const issue of parsed.error.issues) {
      if (issue.code === 'unrecognized_keys') faults.push(`${place}: ${issue.keys.join(', ')} is not known.`);
      else if (issue.path.length === 0) faults.push(`${place} must be an object.`);
      else faults.push(`${place}: ${String(issue.path[0])} ${issue.message}.`);
    }
    return [];
  });
}
