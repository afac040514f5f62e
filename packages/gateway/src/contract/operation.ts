import type { z } from 'zod';
import type { ProblemCode } from './problem.ts';

/** What the API's description says of one route. It stands beside the handler and names the schemas that it uses. */
export interface Operation {
  /** Unique; generated clients name their methods by it. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** Of a JSON body. */
  readonly body?: z.ZodType;
  /** A body that does something useful; `{}` where it is left out. */
  readonly example?: unknown;
  /** By status. */
  readonly answers: Readonly<Record<number, Answered>>;
  /** Beside those of every route: a missing key, an invalid request, a part of the gateway that is away. */
  readonly problems?: readonly ProblemCode[];
}

/** JSON of this schema; or nothing; or something else, of this content type. */
type Answered = z.ZodType | null | { readonly contentType: string; readonly description: string };

/** Of one file of routes, by `METHOD /path`, spelled as Express has them. */
export type Operations = Readonly<Record<`${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /v1/${string}`, Operation>>;
