import { Failure } from '@wxthirdparty/wechat';

export function unknownPush(): Failure {
  return new Failure('unknown_push', 'fix-request', 'There is no push with this id, or it is older than PUSH_DAYS.');
}
