export { Account } from './account.ts';
export { bytesOf } from './bytes-of.ts';
export { type CallSettled, type OmittedResponse, readCallSettled } from './call-settled.ts';
export type { CallOptions } from './caller.ts';
export { WxThirdparty } from './client.ts';
export { Component } from './component.ts';
export type { AnswerOf, EndpointName, GivenTo, Query } from './endpoint.ts';
export type { CustomMessage, Done, EndpointTypes, FileAnswer, UserInfo } from './endpoint-types.ts';
export {
  AnswerNotKeptError,
  CallFailedError,
  ConnectionError,
  ForbiddenError,
  NotReadyError,
  OutcomeUnknownError,
  QuotaClosedError,
  ReauthorizeError,
  RefusedError,
  StillRunningError,
  WeChatError,
  WxThirdpartyError,
} from './errors.ts';
export type { FieldValue } from './field-value.ts';
export type { Given, SubmittedCall, Waiting } from './gateway.ts';
export type * from './generated/api.ts';
export type { AuthorizerEndpoint, ComponentEndpoint } from './generated/endpoints.ts';
export { errcodeRemedies } from './generated/errcode-remedies.ts';
export type { HandlerResult, PushHandler } from './pushes/handlers.ts';
export type { DeliveredPush, DeliveryContext, Fields, PushOf, PushPattern } from './pushes/push.ts';
export { Pushes, type PushesOptions, pushes } from './pushes/pushes.ts';
export { type Article, type LaterReply, reply } from './pushes/reply.ts';
export type { Aborting, RequestOptions } from './requests.ts';
export type { RawBody } from './webhook/raw-body.ts';
export type { RequestHeaders } from './webhook/request-headers.ts';
export type { Secrets } from './webhook/secrets.ts';
export { WebhookError, type WebhookProblem } from './webhook/webhook-error.ts';
