import { demandAccount } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import { ReplyInput } from '../contract/reply.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import { callerOf } from '../key/caller.ts';

const SentAnswer = z
  .discriminatedUnion('sent', [
    z.object({ sent: z.literal('passive') }).meta({ description: 'in the answer for which WeChat waited' }),
    z
      .object({ sent: z.literal('customer_message'), callId: z.string() })
      .meta({ description: 'as a customer-service message, by this background call' }),
  ])
  .meta({ id: 'SentReply' });

export const replyOperations: Operations = {
  'POST /v1/pushes/:id/reply': {
    id: 'replyToPush',
    tag: 'Pushes',
    summary: 'Answers the user of a push, once',
    description:
      'While WeChat waits, the reply is passive; afterwards it is sent as a customer-service message, if WeChat’s window is ' +
      'open. A receiver that answers a delivery with status 202 replies in this way.',
    body: ReplyInput,
    example: { type: 'text', content: 'Your order has been sent.' },
    answers: { 200: SentAnswer },
    problems: ['invalid_request', 'unknown_push', 'reply_not_possible', 'reauthorize'],
  },
};

export function replyRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const { replies } = platform;

  routes.post('/v1/pushes/:id/reply', async (request, response) => {
    const { id } = request.params;
    const reply = await readJson(request, ReplyInput);
    const push = await replies.find(id);
    demandAccount(callerOf(response).rights, push.appid ?? '');
    response.json((await replies.reply(push, reply)) satisfies z.input<typeof SentAnswer>);
  });

  return routes;
}
