import type { Reply } from '../../reply/reply.ts';
import type { Seals } from '../../sealing/seals.ts';
import type { PassiveAnswer } from './asked-push.ts';

/** How a reply is sealed in the push's record, and for the job of a late one. */
export interface KeptReplies {
  seal(id: string, reply: Reply): string;
  /** Empty: there is none. Undefined also where no listed key opens it. */
  open(id: string, sealed: string): PassiveAnswer;
}

export function keptReplies(seals: Seals): KeptReplies {
  const placeOf = (id: string) => `push-reply/${id}`;
  return {
    seal: (id, reply) => seals.seal(JSON.stringify(reply), placeOf(id)),
    open(id, sealed) {
      const text = sealed === '' ? undefined : seals.openIfPossible(sealed, placeOf(id));
      return text === undefined ? undefined : (JSON.parse(text) as Reply);
    },
  };
}
