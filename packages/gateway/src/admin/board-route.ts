import type { RequestHandler, Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';

export const BOARD_PATH = '/admin/queues';

/** Loads Bull Board for the first request: its packages would be a quarter of every start, and few gateways show it. */
export function boardRoute(queues: GatewayPlatform['queues'], write: boolean): RequestHandler {
  let board: Promise<Router> | undefined;
  return async (request, response, next) => {
    board ??= import('./board.ts').then((module) => module.board(queues, BOARD_PATH, write));
    (await board)(request, response, next);
  };
}
