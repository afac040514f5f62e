import { expect, it } from 'vitest';
import { errcodeLabel, KNOWN_ERRCODES, methodLabel, PathLabels } from './label-values.ts';

it('a path is a catalogued one in the catalogue’s spelling, or other', () => {
  const paths = new PathLabels();
  expect(paths.of('/cgi-bin/user/get')).toBe('/cgi-bin/user/get');
  expect(paths.of('/CGI-BIN/user//get')).toBe('/cgi-bin/user/get');
  expect(paths.of('/cgi-bin/o6_bmjrPTlm6_2sgVt7hMZOPfL2M')).toBe('other');
  for (let i = 0; i < 5_000; i++) paths.of(`/made/up/${i}`);
  expect(paths.of('/cgi-bin/user/get')).toBe('/cgi-bin/user/get');
});

it('an errcode is one of fifty, or other', () => {
  expect(KNOWN_ERRCODES.size).toBe(50);
  expect([40001, 61004, -1, 424242].map(errcodeLabel)).toEqual(['40001', '61004', '-1', 'other']);
});

it('a method is a usual one, or other', () => {
  expect(['GET', 'M-SEARCH'].map(methodLabel)).toEqual(['GET', 'other']);
});
