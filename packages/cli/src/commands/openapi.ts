import { apiDocument } from '@wxthirdparty/gateway';
import type { Command } from '../command.ts';

/** The document that every gateway serves at /openapi.json, to generate a client without a gateway. */
export const openapi: Command = async () => {
  console.log(JSON.stringify(apiDocument(), null, 2));
  return 0;
};
