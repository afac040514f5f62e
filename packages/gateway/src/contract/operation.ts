import type { z } from 'zod';
import type { ProblemCode } from './problem.ts';

/** The description of one route, defined beside its handler by the schemas that the handler uses. */
export interface Operation {
  /** Unique; the name of the method in generated clients. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** The schema of a JSON body. */
  readonly body?: z.ZodType;
  /** An example of a body; `{}` if missing. */
  readonly example?: unknown;
  /** By status. */
  readonly answers: Readonly<Record<number, Answered>>;
  /** In addition to the problems of every route: a missing key, an invalid request, an unavailable server. */
  readonly problems?: readonly ProblemCode[];
}

/** JSON of this schema; null: no body; or a body of this content type. */
type Answered = z.ZodType | null | { readonly contentType: string; readonly description: string };

/** The operations of one file of routes, by `METHOD /path` in the notation of Express. */
export type Operations = Readonly<Record<`${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /v1/${string}`, Operation>>;
