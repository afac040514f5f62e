import type { Account } from '../account.ts';
import type { Component } from '../component.ts';
import { ALL_SETS, type Consent } from '../grant.ts';
import { eventPush } from '../push/event.ts';
import type { Push } from '../push/parcel.ts';
import type { World } from '../world.ts';

/** An admin consents. */
export function giveConsent(
  world: World,
  component: Component,
  account: Account,
  funcIds: number[] | null,
  preAuthCode: string,
): Consent {
  const sets = funcIds ?? ALL_SETS[account.kind];
  return world.grants.consent(component.appid, account.appid, sets, preAuthCode, world.options.differentRedirectCode);
}

/** The push that announces a consent. */
export function consentPush(world: World, component: Component, consent: Consent): Push {
  return eventPush(world, component, consent.change === 'authorized' ? 'authorized' : 'updateauthorized', {
    AuthorizerAppid: consent.grant.appid,
    AuthorizationCode: consent.pushCode,
    // In practice a point in time, despite its name (protocol §1.4).
    AuthorizationCodeExpiredTime: Math.floor(consent.codeExpiresAt / 1000),
    PreAuthCode: consent.preAuthCode,
  });
}

/** The merchant revokes the consent; its tokens end at once (protocol §10 rules 11 and 24). Null: there was none. */
export function revokeConsent(world: World, component: Component, appid: string): Push | null {
  const grant = world.grants.live(component.appid, appid);
  if (grant === undefined) return null;
  world.grants.revoke(grant);
  world.tokens.end(component.appid, appid, 40001);
  return eventPush(world, component, 'unauthorized', { AuthorizerAppid: appid });
}
