import { pushTypes } from '@wxthirdparty/platform';
import { describe, expect, it } from 'vitest';
import { namedTags, pushFieldsOf } from '../generate/push-fields-of.ts';

describe('the types of pushes that the SDK has', () => {
  it('name every type of the table, with text for tags that have no tags in them', () => {
    const text = pushFieldsOf(pushTypes);
    for (const type of Object.keys(pushTypes)) expect(text).toContain(`'${type}'`);
    expect(text).toContain("'event.scan': { readonly EventKey: string; readonly Ticket: string };");
    expect(text).toMatch(/'event\.scancode_push': \{.* readonly ScanCodeInfo: FieldValue \};/);
  });

  it('make no exception for a tag that no type has', () => {
    const known = Object.entries(pushTypes).flatMap(([type, { fields }]) =>
      fields.flatMap((field) => [field, `${type} ${field}`]),
    );
    expect(namedTags.filter((name) => !known.includes(name))).toEqual([]);
  });
});
