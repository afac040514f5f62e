import { useQueryClient } from '@tanstack/react-query';
import type { FollowerSync } from '@wxthirdparty/sdk';
import { useEffect, useState } from 'react';
import { readEvents } from '../../api/events.ts';

/** Of six connections that a browser opens to one host, these are the longest. */
const MAX_FOLLOWED = 3;

const LISTS = ['GET /v1/follower-syncs', 'GET /v1/authorizers/:appid/follower-syncs'] as const;

export function isOver({ state }: FollowerSync): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

/** The syncs of a list; the first ones that are not over are as their events show them, the others as they were last read. */
export function useLiveSyncs(syncs: readonly FollowerSync[]): readonly FollowerSync[] {
  const client = useQueryClient();
  const [live, setLive] = useState<Readonly<Record<string, FollowerSync>>>({});
  const followed = syncs
    .filter((sync) => !isOver(sync))
    .slice(0, MAX_FOLLOWED)
    .map(({ id }) => id)
    .join(' ');
  useEffect(() => {
    const ending = new AbortController();
    for (const id of followed === '' ? [] : followed.split(' ')) {
      readEvents(`/v1/follower-syncs/${id}/events`, ending.signal, (event) =>
        setLive((known) => ({ ...known, [id]: JSON.parse(event) as FollowerSync })),
      )
        .then(() => Promise.all(LISTS.map((operation) => client.invalidateQueries({ queryKey: [operation] }))))
        // The list is read again in any case.
        .catch(() => {});
    }
    return () => {
      ending.abort();
      setLive({});
    };
  }, [followed, client]);
  return syncs.map((sync) => live[sync.id] ?? sync);
}
