import { readFileSync } from 'node:fs';
import { SettingsFailure } from './settings-failure.ts';

/**
 * The variables of the file; none if it is missing. The real environment takes precedence. Throws SettingsFailure with all faults,
 * or adds them to `faults` and returns the rest.
 */
export function readDotEnv(file: string, faults?: string[]): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    const fault = `${file} cannot be read (${code}); make it readable for this user or remove it.`;
    if (faults === undefined) throw new SettingsFailure([fault]);
    faults.push(fault);
    return {};
  }
  return parseDotEnv(text, file, faults);
}

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;

/**
 * NAME=value, with or without quotes; a blank and `#` start a comment. Nothing is expanded. Not `util.parseEnv`: it ends an
 * unquoted value at any `#` and expands `\
`, so it would silently change passwords, and it ignores broken lines.
 */
export function parseDotEnv(text: string, file = '.env', collected?: string[]): Record<string, string> {
  const values: Record<string, string> = {};
  const faults = collected ?? [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, rest] = ASSIGNMENT.exec(line) ?? [];
    const value = rest === undefined ? undefined : unquote(rest);
    // The line itself may contain a secret, so only its number is reported.
    if (name === undefined) faults.push(`${file} line ${index + 1} is not NAME=value.`);
    else if (value === undefined) faults.push(`${file} line ${index + 1} (${name}) has a quote that is not closed.`);
    else values[name] = value;
  }
  if (collected === undefined && faults.length > 0) throw new SettingsFailure(faults);
  return values;
}

function unquote(rest: string): string | undefined {
  const quote = rest[0];
  if (quote !== '"' && quote !== "'") return rest.replace(/\s+#.*$/, '').trim();
  const end = rest.indexOf(quote, 1);
  const after = rest.slice(end + 1).trim();
  if (end === -1 || (after !== '' && !after.startsWith('#'))) return undefined;
  return rest.slice(1, end);
}
