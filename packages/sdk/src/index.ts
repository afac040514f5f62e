export { Account, type CallOptions } from './account.ts';
export { bytesOf } from './bytes-of.ts';
export { WxThirdparty } from './client.ts';
export type { AnswerOf, EndpointName, GivenTo, Query } from './endpoint.ts';
export type { CustomMessage, Done, EndpointTypes, FileAnswer, UserInfo } from './endpoint-types.ts';
export {
  CallFailedError,
  ConnectionError,
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
