export type { Callback } from './answer.ts';
export type { Client, ClientUser, Hook, Hooks } from './client/client.ts';
export type { ClientMethod, ClientMethodName } from './client/client-methods.ts';
export { hooks } from './client/hooks.ts';
export type { PushQuery } from './envelope.ts';
export type { GatewayAddress } from './gateway-address.ts';
export { type Remedy, ThirdpartyError } from './thirdparty-error.ts';
export { type Secrets, ThirdpartyServer, type ThirdpartyServerEvents } from './thirdparty-server.ts';
export type { UserInfo } from './user-info.ts';
