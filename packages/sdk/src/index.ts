export { Account } from './account.ts';
export { bytesOf } from './bytes-of.ts';
export type { CallSettled, OmittedResponse } from './call-settled.ts';
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
export type { Given, SubmittedCall, Waiting } from './gateway.ts';
export type * from './generated/api.ts';
export type { AuthorizerEndpoint, ComponentEndpoint } from './generated/endpoints.ts';
export type { Aborting, RequestOptions } from './requests.ts';
