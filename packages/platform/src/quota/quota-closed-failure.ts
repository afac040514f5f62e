import { Failure } from '@wxthirdparty/wechat';

export class QuotaClosedFailure extends Failure {
  readonly closedUntil: Date;

  constructor(
    path: string,
    closedUntil: Date,
    message = `WeChat allows no more calls of ${path} for this account at present.`,
  ) {
    super('quota_closed', 'slow-down', message, {
      retryAfterMs: Math.max(0, closedUntil.getTime() - Date.now()),
    });
    this.closedUntil = closedUntil;
  }
}
