/** A tag as it is in WeChat's XML: its text, the tags in it, or, where it is repeated, all of them. */
export type FieldValue = string | { readonly [tag: string]: FieldValue } | readonly FieldValue[];
