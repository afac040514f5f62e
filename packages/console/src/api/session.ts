import { useQuery } from '@tanstack/react-query';
import { ApiError } from './api-error.ts';
import { queryClient } from './query-client.ts';
import { send } from './send.ts';

const URL = '/admin/api/session';
const KEY = ['session'];
/** The server ends a session; until it does, asking again has no use. */
const STALE_MS = 60_000;

export interface Session {
  readonly actor: { readonly kind: 'owner' | 'key'; readonly name: string };
  readonly scopes: readonly string[];
  /** Whether actions are permitted, as far as the scopes permit them. */
  readonly write: boolean;
  readonly expiresAt: string;
}

export type Credentials = { readonly name: string; readonly password: string } | { readonly key: string };

const options = {
  queryKey: KEY,
  // null: signed out.
  queryFn: async (): Promise<Session | null> => {
    try {
      return (await send('GET', URL)) as Session;
    } catch (error) {
      // Only this status says that there is no session: without Redis the page stays signed in.
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: STALE_MS,
};

/**
 * The session of this browser, null without one. During an outage it is the one that was known before it, so that the screens
 * which were read remain reachable. Throws ApiError if nothing is known.
 */
export async function readSession(): Promise<Session | null> {
  try {
    return await queryClient.fetchQuery(options);
  } catch (error) {
    const known = queryClient.getQueryData<Session | null>(KEY);
    if (known) return known;
    throw error;
  }
}

export async function signIn(credentials: Credentials): Promise<void> {
  const session = (await send('POST', URL, credentials)) as Session;
  queryClient.clear();
  queryClient.setQueryData(KEY, session);
}

export async function signOut(): Promise<void> {
  await send('DELETE', URL);
  forgetSession();
}

/** Nothing that the session read may be shown to the next one. */
export function forgetSession(): void {
  queryClient.clear();
  queryClient.setQueryData(KEY, null);
}

export interface Rights {
  readonly session: Session;
  /** Whether the session may read what needs this scope. */
  mayRead(scope: string): boolean;
  /** Whether the session may do what needs this scope. */
  mayWrite(scope: string): boolean;
}

/** What the page shows and offers. The server decides; this only hides what it would refuse. */
export function useRights(): Rights {
  const { data } = useQuery(options);
  const session = data ?? { actor: { kind: 'key' as const, name: '' }, scopes: [], write: false, expiresAt: '' };
  return rightsOf(session);
}

function rightsOf(session: Session): Rights {
  const mayRead = (scope: string) => session.actor.kind === 'owner' || session.scopes.includes(scope);
  return { session, mayRead, mayWrite: (scope) => session.write && mayRead(scope) };
}
