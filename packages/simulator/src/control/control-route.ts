import type { World } from '../world.ts';
import type { Body } from './input.ts';

/** An answer of one JSON value per line instead of one value. */
export class Lines {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Answers one request to the control API; throws `BadInput`. */
export type ControlRoute = (world: World, body: Body, query: URLSearchParams) => unknown;
