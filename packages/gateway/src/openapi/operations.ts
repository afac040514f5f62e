import { authorizerOperations } from '../authorizer/authorizer-routes.ts';
import { callOperations } from '../call/call-routes.ts';
import { statusOperations } from '../status/status-routes.ts';
import type { Operations } from './operation.ts';

/** Of every route under /v1; a test holds them against the router. */
export const operations: Operations = {
  ...statusOperations,
  ...authorizerOperations,
  ...callOperations,
};
