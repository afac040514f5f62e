export { componentLoginOf, loginParameters, programLoginOf } from './catalogue/component-login.ts';
export { cataloguedPath, type Endpoint, endpointOf, endpoints } from './catalogue/endpoint.ts';
export {
  canonicalPath,
  isReservedTokenParameter,
  issuesCredentials,
  isTokenParameter,
  PATH_PATTERN,
  pathFault,
} from './catalogue/wechat-path.ts';
export { UnreadableAnswer } from './component-api/ask.ts';
export type {
  AuthorizerInfo,
  AuthorizerListPage,
  Carrier,
  ComponentApi,
  ComponentApiOptions,
  ComponentQuestion,
  ExchangedCode,
  SendOptions,
} from './component-api/component-api.ts';
export { maskRefreshTokens } from './component-api/mask-refresh-tokens.ts';
export { openComponentApi } from './component-api/open-component-api.ts';
export { type ConsentPage, consentUrl } from './consent/consent-url.ts';
export { cdata } from './envelope/cdata.ts';
export type { Envelope } from './envelope/envelope.ts';
export { type EnvelopeCode, EnvelopeFailure } from './envelope/envelope-failure.ts';
export { type EnvelopeKey, type EnvelopeKeys, readEncodingAesKey } from './envelope/envelope-keys.ts';
export { type OpenedEnvelope, openEnvelope } from './envelope/open-envelope.ts';
export { openReply } from './envelope/open-reply.ts';
export { readEnvelope, readEnvelopeQuery } from './envelope/read-envelope.ts';
export { readXml, type XmlNode, type XmlValue } from './envelope/read-xml.ts';
export { type SealedEnvelope, type SealOptions, sealEnvelope } from './envelope/seal-envelope.ts';
export { type SealedPush, type SealPushOptions, sealPush } from './envelope/seal-push.ts';
export { signatureOf } from './envelope/signature.ts';
export { verifyEcho } from './envelope/verify-echo.ts';
export {
  documentedErrcodes,
  ERRCODE,
  type ErrcodeClass,
  type ErrcodeEntry,
  explainErrcode,
  isTokenRefusal,
} from './errors/errcode.ts';
export { type ErrcodeExplanation, type Explanation, explain, explainFailure } from './errors/explain.ts';
export { refusal } from './errors/refusal.ts';
export { Failure, type FailureDetails, type Remedy } from './failure.ts';
export { type Answer, readAnswer } from './http/answer.ts';
export { failOver } from './http/fail-over.ts';
export { openTransport, type TransportOptions } from './http/open-transport.ts';
export { parseWeChatJson } from './http/parse-json.ts';
export { type Transport, TransportFailure, type WeChatRequest, type WeChatResponse } from './http/transport.ts';
export { jsSignature, type SignedPage } from './js-sdk/js-signature.ts';
export { isJsTicketType, JS_TICKET_PATH, type JsTicketType, readJsTicket } from './js-sdk/js-ticket.ts';
export type { Push, PushUrl, UnreadableReason } from './push/push.ts';
export { readPush } from './push/read-push.ts';
export { isTestAccount, TEST_ACCOUNTS, type TestAccount, testAccountOf } from './release-check/test-accounts.ts';
