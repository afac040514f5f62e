import { Failure } from '@wxthirdparty/wechat';

export function unknownAuthorizer(appid: string): Failure {
  return new Failure(
    'unknown_authorizer',
    'fix-request',
    `No account ${/^[A-Za-z0-9_-]{1,64}$/.test(appid) ? appid : '(not an appid)'} has authorized a component of this deployment.`,
  );
}
