import { type Example, exampleFile, installExample } from './example.ts';

export const botFile = exampleFile('bot.mjs');

export type Bot = Example;

/** The bot of `examples`, as in a project of its own. */
export function installBot(): Promise<Bot> {
  return installExample('bot.mjs');
}
