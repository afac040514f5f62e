import type { Response } from 'express';
import { callerOf } from './caller.ts';

/** An account's nickname is part of its profile; its handle goes with everything. */
export function maySeeNickNames(response: Response): boolean {
  return callerOf(response).rights.scopes.includes('authorizers:read');
}
