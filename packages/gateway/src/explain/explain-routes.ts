import { explain, Failure } from '@wxthirdparty/wechat';
import { Router } from 'express';
import { z } from 'zod';
import { Explanation } from '../contract/explanation.ts';
import type { Operations } from '../contract/operation.ts';
import { remedy } from '../contract/remedy.ts';

/** Explains WeChat's numbers. */
const ErrcodeExplanationAnswer = z
  .object({
    errcode: z.int(),
    code: z.string(),
    remedy,
    class: z.string().meta({
      description:
        'auth, quota, transient, permission, parameter, crypto, ok; own: a number of this project; or unknown',
    }),
    documented: z.boolean(),
    explanation: Explanation,
  })
  .meta({ id: 'ErrcodeExplanation' });

export const explainOperations: Operations = {
  'GET /v1/explain/:errcode': {
    id: 'explainErrcode',
    tag: 'Errors',
    summary: 'The meaning of one of WeChat’s error numbers, and the remedy',
    answers: { 200: ErrcodeExplanationAnswer },
    problems: ['invalid_request'],
  },
};

export function explainRoutes(): Router {
  const routes = Router();
  routes.get('/v1/explain/:errcode', (request, response) => {
    if (!/^-?\d{1,9}$/.test(request.params.errcode)) {
      throw new Failure('invalid_request', 'fix-request', 'errcode: a whole number, as WeChat says it');
    }
    response.json(explain(Number(request.params.errcode)) satisfies z.input<typeof ErrcodeExplanationAnswer>);
  });
  return routes;
}
