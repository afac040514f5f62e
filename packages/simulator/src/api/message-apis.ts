import type { AccountKind } from '../account.ts';
import { Refusal } from '../refusal.ts';
import { type ApiTable, type AuthorizerCall, bodyOf, OK, objectOf, textOf } from './api.ts';
import { recordMessage } from './record-message.ts';

const MESSAGE_KINDS: Record<AccountKind, string[]> = {
  'official-account': [
    'text',
    'image',
    'voice',
    'video',
    'music',
    'news',
    'mpnews',
    'mpnewsarticle',
    'msgmenu',
    'wxcard',
    'miniprogrampage',
  ],
  'mini-program': ['text', 'image', 'link', 'miniprogrampage'],
};
const MAX_TEXT_BYTES = 2048;
// Only shortly after the user wrote (protocol §4.4); how long it shows is this simulator's choice.
const TYPING_ALLOWED_S = 30;
const TYPING_SHOWN_S = 15;

/** Customer-service messages; protocol §4.4. */
export const MESSAGE_APIS: ApiTable = {
  '/cgi-bin/message/custom/send': {
    method: 'POST',
    needs: 'authorizer',
    sets: [1, 6, 19],
    answer(call) {
      const { account } = call;
      const body = bodyOf(call.request);
      const touser = textOf(body, 'touser');
      const msgtype = textOf(body, 'msgtype');
      if (account.followers.placeOf(touser) === null) throw new Refusal(40003);
      if (!MESSAGE_KINDS[account.kind].includes(msgtype)) throw new Refusal(40008);
      const content = objectOf(body, msgtype);
      if (msgtype === 'text' && Buffer.byteLength(textOf(content, 'content')) > MAX_TEXT_BYTES) {
        throw new Refusal(45002);
      }
      if (!account.followers.isFollowing(touser) || account.blacklist.has(touser)) throw new Refusal(45015);
      takeReply(call, touser);
      recordMessage(call, touser, msgtype, content);
      return { json: OK };
    },
  },

  '/cgi-bin/message/custom/typing': {
    method: 'POST',
    needs: 'authorizer',
    sets: [1, 6, 19],
    answer({ world, request, account }) {
      const body = bodyOf(request);
      const touser = textOf(body, 'touser');
      const command = textOf(body, 'command');
      if (account.followers.placeOf(touser) === null) throw new Refusal(40003);
      if (command !== 'Typing' && command !== 'CancelTyping') throw new Refusal(40035);
      const now = world.clock.now();
      const heardAt = account.lastMessageAt.get(touser) ?? Number.NEGATIVE_INFINITY;
      if (now - heardAt > world.clock.lasting(TYPING_ALLOWED_S)) throw new Refusal(45080);
      const shown = now < (account.typingUntil.get(touser) ?? 0);
      if (command === 'Typing' && shown) throw new Refusal(45081);
      account.typingUntil.set(touser, command === 'Typing' ? now + world.clock.lasting(TYPING_SHOWN_S) : 0);
      return { json: OK };
    },
  },
};

function takeReply({ world, account }: AuthorizerCall, touser: string): void {
  if (!world.options.replyWindows) return;
  const open = (account.replyWindows.get(touser) ?? []).filter((window) => world.clock.now() < window.until);
  account.replyWindows.set(touser, open);
  if (open.length === 0) throw new Refusal(45015);
  const free = open.find((window) => window.remaining > 0);
  if (free === undefined) throw new Refusal(45047);
  free.remaining -= 1;
}
