import type { TokenOwner } from '../token/token.ts';

export function componentOwner(component: string): TokenOwner {
  return { kind: 'component', component, appid: component };
}
