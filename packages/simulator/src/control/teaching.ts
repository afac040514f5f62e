import type { JsonObject } from '../api/api.ts';
import { isSimulated, simulatedApis } from '../api/perform.ts';
import type { CannedReply } from '../canned-answers.ts';
import type { ControlRoute } from './control-route.ts';
import { BadInput, type Body, optionalObject, optionalText, optionalTexts, rejectUnknown, text } from './input.ts';
import { accountOf } from './owners.ts';

/** The routes with which a developer supplies what the simulator cannot know or does not have. */
export const TEACHING_ROUTES: Record<string, ControlRoute> = {
  'GET /_control/apis': () => ({ apis: simulatedApis() }),

  'POST /_control/answer': (world, body) => {
    rejectUnknown(body, 'path', 'appid', 'json', 'base64', 'contentType');
    const path = text(body, 'path');
    if (!path.startsWith('/')) throw new BadInput('path must begin with /');
    if (isSimulated(path)) throw new BadInput(`${path} is simulated; POST /_control/fail makes it fail`);
    world.answers.set({ path, appid: optionalText(body, 'appid') ?? null, reply: replyOf(body) });
    return {};
  },

  'DELETE /_control/answers': (world) => {
    world.answers.clear();
    return {};
  },

  'POST /_control/pages': (world, body) => {
    rejectUnknown(body, 'appid', 'pages');
    const account = accountOf(world, body);
    const pages = optionalTexts(body, 'pages');
    account.pages = body.pages === undefined ? null : pages;
    return { pages: account.pages };
  },

  'POST /_control/subscription-template': (world, body) => {
    rejectUnknown(body, 'appid', 'templateId', 'keywords');
    const account = accountOf(world, body);
    const keywords = optionalTexts(body, 'keywords');
    if (keywords.length === 0) throw new BadInput('keywords must name at least one, like thing1');
    const templateId = optionalText(body, 'templateId') ?? world.credentials.text(43);
    account.subscriptionTemplates.set(templateId, keywords);
    return { templateId, keywords };
  },
};

function replyOf(body: Body): CannedReply {
  const json = optionalObject(body, 'json');
  const base64 = optionalText(body, 'base64');
  if ((json === undefined) === (base64 === undefined)) throw new BadInput('either json or base64 is required');
  if (json !== undefined) return { json: json as JsonObject };
  const contentType = optionalText(body, 'contentType') ?? 'application/octet-stream';
  if (!/^[\x20-\x7e]+$/.test(contentType)) throw new BadInput('contentType must be ASCII');
  return { bytes: Buffer.from(base64 ?? '', 'base64'), contentType, fileName: 'answer' };
}
