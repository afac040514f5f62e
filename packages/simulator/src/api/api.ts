import type { Account, AccountKind } from '../account.ts';
import type { Component } from '../component.ts';
import type { Grant } from '../grant.ts';
import { Refusal } from '../refusal.ts';
import type { UserToken } from '../user-login.ts';
import type { WechatValue } from '../wechat-json.ts';
import type { World } from '../world.ts';

export type JsonObject = { [name: string]: WechatValue | undefined };

/** A request to an API after its body has been read. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: Buffer;
  readonly callerIp: string;
  /** The address of this simulator, for links in answers. */
  readonly origin: string;
}

export interface ComponentCall {
  readonly world: World;
  readonly request: ApiRequest;
  readonly component: Component;
}

export interface EitherCall extends ComponentCall {
  /** The authorizer that owns the token; null for the component's token. */
  readonly appid: string | null;
}

export interface AuthorizerCall extends ComponentCall {
  readonly account: Account;
  readonly grant: Grant;
}

/** The answer is sent after `notBefore`: some pushes of WeChat arrive before the answer. */
export type Reply =
  | { readonly json: JsonObject; readonly notBefore?: Promise<unknown> | undefined }
  | { readonly bytes: Buffer; readonly contentType: string; readonly fileName: string };

export interface UserCall {
  readonly world: World;
  readonly request: ApiRequest;
  /** The owner of the token. */
  readonly user: UserToken;
}

interface Shape {
  readonly method: 'GET' | 'POST' | 'any';
}

/**
 * One API. `needs` is the token that it requires. `secret`: none, the body carries component and secret. `user`: the
 * web-OAuth token of one person.
 */
type Api =
  | (Shape & { readonly needs: 'secret'; answer(call: ComponentCall): Reply })
  | (Shape & { readonly needs: 'component'; answer(call: ComponentCall): Reply })
  | (Shape & { readonly needs: 'either'; answer(call: EitherCall): Reply })
  | (Shape & { readonly needs: 'user'; answer(call: UserCall): Reply })
  | (Shape & {
      readonly needs: 'authorizer';
      /** The kind of account that has this API; other kinds get 48001. */
      readonly kind?: AccountKind;
      /** One of these permission sets must be granted; otherwise 61007. */
      readonly sets?: readonly number[];
      answer(call: AuthorizerCall): Reply;
    });

export type ApiTable = Record<string, Api>;

export const OK: JsonObject = { errcode: 0, errmsg: 'ok' };

export function bodyOf(request: ApiRequest): JsonObject {
  if (request.body.length === 0) throw new Refusal(44002);
  let body: unknown;
  try {
    body = JSON.parse(request.body.toString('utf8'));
  } catch {
    throw new Refusal(47001);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Refusal(47001);
  return body as JsonObject;
}

/** A member as text; '' if it is absent. */
export function textOf(body: JsonObject, name: string): string {
  const value = body[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string' && typeof value !== 'number') throw new Refusal(47001);
  return String(value);
}

export function objectOf(body: JsonObject, name: string): JsonObject {
  const value = body[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal(47001);
  return value;
}

export function listOf(body: JsonObject, name: string): WechatValue[] {
  const value = body[name];
  if (!Array.isArray(value)) throw new Refusal(47001);
  return value;
}

/** Every listed openid; one of another account makes the whole list invalid. */
export function openidsOf(body: JsonObject, account: Account, max: number, foreign: number): string[] {
  const openids = listOf(body, 'openid_list').map(String);
  if (openids.length > max) throw new Refusal(40032);
  for (const openid of openids) if (account.followers.placeOf(openid) === null) throw new Refusal(foreign);
  return openids;
}
