import type { Command } from '../command.ts';

/** The simulator's own entry: it shares no code with us, and its process is its own from here on. */
export const simulator: Command = async ({ leaving }) => {
  await leaving.asked;
};
