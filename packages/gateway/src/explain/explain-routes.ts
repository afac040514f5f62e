import { explain, Failure } from '@wxthirdparty/wechat';
import { Router } from 'express';

/** WeChat's numbers, for whoever meets one of them in an answer. */
export function explainRoutes(): Router {
  const routes = Router();
  routes.get('/v1/explain/:errcode', (request, response) => {
    if (!/^-?\d{1,9}$/.test(request.params.errcode)) {
      throw new Failure('invalid_request', 'fix-request', 'errcode: a whole number, as WeChat says it');
    }
    response.json(explain(Number(request.params.errcode)));
  });
  return routes;
}
