import { componentTokenEffect } from '../component/component-token.ts';
import type { TokenEffects } from '../token/token-kind.ts';

/** What follows from a changed token, for each kind. */
export const tokenEffects: TokenEffects = {
  component: componentTokenEffect,
  authorizer: undefined,
  'jsapi-ticket': undefined,
  'wx-card-ticket': undefined,
};
