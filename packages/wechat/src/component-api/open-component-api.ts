import type { ComponentApi, ComponentApiOptions } from './component-api.ts';

export function openComponentApi(_options: ComponentApiOptions): ComponentApi {
  throw new Error('not yet');
}
