export type { Authorizer, AuthorizerState } from './authorizer/authorizer.ts';
export type { Call, CallFailure, CallRequest, CallResponse, CallState, QuotaView } from './call/call.ts';
export type { ComponentSettings, ComponentStatus, NotReadyReason, Platform, PlatformStatus } from './platform.ts';
export { Scope } from './scope.ts';
