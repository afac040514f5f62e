import { expect, it } from 'vitest';
import { keepComponent, readComponent } from './component-in-url.ts';

const after = (search: object, next: object) => keepComponent({ search, next: () => next });

it('the chosen component survives a navigation that names none', () => {
  expect(after({ component: 'wxa' }, {})).toEqual({ component: 'wxa' });
  expect(after({}, {})).toEqual({});
});

it('a navigation may choose another component, or all', () => {
  expect(after({ component: 'wxa' }, { component: 'wxb' })).toEqual({ component: 'wxb' });
  expect(after({ component: 'wxa' }, { component: undefined })).toEqual({ component: undefined });
});

it('an address without a value names no component', () => {
  expect(readComponent({ component: '', tab: 'journal' })).toEqual({});
  expect(readComponent({ component: 'wxa' })).toEqual({ component: 'wxa' });
});
