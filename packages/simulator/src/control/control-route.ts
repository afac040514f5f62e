import type { World } from '../world.ts';
import type { Body } from './input.ts';

/** Answers one request to the control API; throws `BadInput`. */
export type ControlRoute = (world: World, body: Body, query: URLSearchParams) => unknown;
