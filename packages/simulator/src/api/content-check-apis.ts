import { notSimulated } from '../not-simulated.ts';
import { Refusal } from '../refusal.ts';
import { type ApiTable, bodyOf, OK, textOf } from './api.ts';

const MAX_LENGTH = 2500;
const [PASS_LABEL, RISKY_LABEL] = [100, 21_000];

/** The check of texts that users write; protocol §5.9. The option `riskyWords` decides. */
export const CONTENT_CHECK_APIS: ApiTable = {
  '/wxa/msg_sec_check': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'mini-program',
    sets: [18],
    answer({ world, request, account }) {
      const body = bodyOf(request);
      const content = textOf(body, 'content');
      if (content === '') throw new Refusal(47001);
      if ([...content].length > MAX_LENGTH) throw new Refusal(45002);
      const texts = [content, textOf(body, 'title'), textOf(body, 'nickname'), textOf(body, 'signature')];
      const word = world.options.riskyWords.find((risky) => texts.some((text) => text.includes(risky)));
      const version = textOf(body, 'version') || '1';
      if (version === '1') {
        if (word !== undefined) throw new Refusal(87014);
        return { json: OK };
      }
      if (version !== '2') throw notSimulated(`version ${version} of ${request.path}, only 1 and 2`);
      if (!['1', '2', '3', '4'].includes(textOf(body, 'scene'))) throw new Refusal(40097);
      const openid = textOf(body, 'openid');
      if (account.followers.placeOf(openid) === null) throw new Refusal(40003);
      const result =
        word === undefined ? { suggest: 'pass', label: PASS_LABEL } : { suggest: 'risky', label: RISKY_LABEL };
      const keyword = word === undefined ? {} : { keyword: word, level: 90 };
      return {
        json: {
          ...OK,
          result,
          detail: [
            { strategy: 'content_model', errcode: 0, ...result, prob: 90 },
            { strategy: 'keyword', errcode: 0, ...result, ...keyword },
          ],
          trace_id: traceId(world.credentials.bytes(12)),
        },
      };
    },
  },
};

function traceId(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 16)}-${hex.slice(16)}`;
}
