import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiError } from './api-error.ts';
import { type AnswerOf, type InputOf, type Reading, request, urlOf } from './operation.ts';
import { queryClient } from './query-client.ts';

/** How often lists are read again while the page is visible. */
export const REFRESH_MS = 10_000;
export const OVERVIEW_REFRESH_MS = 5_000;

export interface ReadOptions<T = unknown> {
  /** false: it is read once. It may depend on what was read last. */
  readonly refreshMs?: number | false | ((data: T | undefined) => number | false);
  /** false: it is not read yet. */
  readonly enabled?: boolean;
  /** The data of another input (another page or filter) is shown until the new data is there. Default true. */
  readonly keepPrevious?: boolean;
  /** It never changes, so it is read once for all its readers. */
  readonly constant?: boolean;
}

export interface Read<T> {
  readonly data: T | undefined;
  /** Of the last attempt. It is set beside `data` if that is older. */
  readonly error: ApiError | null;
  /** Of this computer's clock; 0 without data. */
  readonly dataUpdatedAt: number;
}

/**
 * Reads an operation and reads it again while the page is visible. Old data is kept when a later read fails: then `error` and
 * `data` are both set, and `dataUpdatedAt` says of when the data is.
 */
export function useRead<O extends Reading>(
  operation: O,
  input: InputOf<O>,
  options: ReadOptions<AnswerOf<O>> = {},
): Read<AnswerOf<O>> {
  const { constant = false, refreshMs = constant ? false : REFRESH_MS, enabled = true, keepPrevious = true } = options;
  const key = keyOf(operation, input);
  const { data, error, dataUpdatedAt } = useQuery<AnswerOf<O>, ApiError>({
    queryKey: key,
    queryFn: ({ signal }) => request(operation, input, signal),
    refetchInterval: ({ state }) => {
      const wanted = typeof refreshMs === 'function' ? refreshMs(state.data) : refreshMs;
      // After a failure also what is read once, so that every screen recovers by itself.
      return state.error === null ? wanted : Math.min(wanted || REFRESH_MS, REFRESH_MS);
    },
    enabled,
    ...(constant ? { staleTime: Number.POSITIVE_INFINITY } : {}),
    ...(keepPrevious ? { placeholderData: keepPreviousData } : {}),
  });
  const lastError = useLastError(key.join(' '), error);
  return { data, error: error ?? (data === undefined ? lastError : null), dataUpdatedAt };
}

/** The last error of a key: what was never read keeps showing it while it is read again, so that the page does not flicker. */
function useLastError(key: string, error: ApiError | null): ApiError | null {
  const [last, setLast] = useState<{ readonly key: string; readonly error: ApiError }>();
  if (error !== null && (last?.error !== error || last.key !== key)) setLast({ key, error });
  return last?.key === key ? last.error : null;
}

/** Reads again all that has failed and is shown: what one cause has stopped, one button starts. */
export function retryFailed(): void {
  void queryClient.refetchQueries({ type: 'active', predicate: ({ state }) => state.error !== null });
}

/** Reads of one operation are invalidated by its name. */
function keyOf<O extends Reading>(operation: O, input: InputOf<O>): readonly string[] {
  return [operation, urlOf(operation, input)];
}
