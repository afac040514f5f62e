import { expect, it } from 'vitest';
import { csvLine } from './csv-line.ts';

it('quotes what would break a line', () => {
  expect(csvLine(['a,b', 'say "hi"', 'two\nlines', null, true])).toBe('"a,b","say ""hi""","two\nlines",,true\r\n');
});

it('keeps a spreadsheet from running text as a formula', () => {
  for (const text of ['=cmd()', '+1', '-1', '@x', '\tx', '\rx']) expect(csvLine([text])).toBe(`"'${text}"\r\n`);
  expect(csvLine(['1-1', '茶=馆'])).toBe('1-1,茶=馆\r\n');
});

it('writes times and objects as JSON does', () => {
  expect(csvLine([new Date(0), [2, 134], {}])).toBe('1970-01-01T00:00:00.000Z,"[2,134]",{}\r\n');
});
