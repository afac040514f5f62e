/** The text for somebody who names no command. */
export function usage(commands: Readonly<Record<string, { readonly summary: string }>>): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'Usage: npm run wxthirdparty -- COMMAND',
    '',
    ...lines,
    '',
    'Settings come from the environment and from .env.',
  ].join('\n');
}
