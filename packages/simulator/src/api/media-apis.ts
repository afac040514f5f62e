import type { Account, Media } from '../account.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../refusal.ts';
import type { ApiTable } from './api.ts';
import { partsOf } from './multipart.ts';

const KIB = 1024;
export const MAX_BYTES: Record<string, number> = {
  image: 10 * KIB * KIB,
  voice: 2 * KIB * KIB,
  video: 10 * KIB * KIB,
  thumb: 64 * KIB,
};
const MEDIA_TTL_S = 3 * 24 * 3600;
const SETS = [1, 6, 7, 11, 19];

/** Temporary media; protocol §4.7. */
export const MEDIA_APIS: ApiTable = {
  '/cgi-bin/media/upload': {
    method: 'POST',
    needs: 'authorizer',
    sets: SETS,
    answer({ world, request, account }) {
      const type = request.query.get('type') ?? '';
      const most = Object.hasOwn(MAX_BYTES, type) ? MAX_BYTES[type] : undefined;
      if (most === undefined) throw new Refusal(40004);
      const part = partsOf(request.contentType, request.body).find((one) => one.name === 'media');
      if (part === undefined || part.fileName === null || part.bytes.length === 0) throw new Refusal(41005);
      if (part.bytes.length > most) throw new Refusal(45001);
      const id = world.credentials.text(64);
      account.media.set(id, {
        type,
        contentType: part.contentType,
        fileName: part.fileName,
        bytes: Buffer.from(part.bytes),
        expiresAt: world.clock.now() + world.clock.lasting(MEDIA_TTL_S),
      });
      const created = { created_at: world.clock.unix() };
      return { json: type === 'thumb' ? { type, thumb_media_id: id, ...created } : { type, media_id: id, ...created } };
    },
  },

  '/cgi-bin/media/get': {
    method: 'GET',
    needs: 'authorizer',
    sets: SETS,
    answer({ world, request, account }) {
      const id = request.query.get('media_id') ?? '';
      const media = liveMedia(account, id, world.clock);
      if (media === undefined) throw new Refusal(40007);
      // For a video only its address is returned (protocol §10 rule 39).
      if (media.type === 'video') return { json: { video_url: `${request.origin}/_media/${account.appid}/${id}` } };
      return { bytes: media.bytes, contentType: media.contentType, fileName: `${id}${extensionOf(media.fileName)}` };
    },
  },
};

export function liveMedia(account: Account, id: string, clock: Clock): Media | undefined {
  const media = account.media.get(id);
  return media !== undefined && clock.now() < media.expiresAt ? media : undefined;
}

function extensionOf(fileName: string): string {
  return /\.\w{1,8}$/.exec(fileName)?.[0] ?? '';
}
