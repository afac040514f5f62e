import { apiDocument } from '@wxthirdparty/gateway';
import type { Command } from '../command.ts';

/** The document that every gateway tells at /openapi.json, for whoever generates a client without one at hand. */
export const openapi: Command = async () => {
  console.log(JSON.stringify(apiDocument(), null, 2));
  return 0;
};
