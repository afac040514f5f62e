import { z } from 'zod';

const hidden = new WeakSet<z.ZodType>();

/**
 * Marks a part of an answer that no session of the console receives: the body of a call, or the content of a push. In its
 * place there is null. To be applied last: a schema that is made from a marked one is not marked.
 */
export function hiddenFromSessions<Schema extends z.ZodType>(schema: Schema): Schema {
  hidden.add(schema);
  return schema;
}

/** An answer of this schema as a session receives it: without what is marked, and without what is not in the schema. */
export function shownToSessions(schema: z.ZodType, value: unknown): unknown {
  if (hidden.has(schema)) return null;
  if (value === null || typeof value !== 'object') return value;
  const inner = innerOf(schema);
  if (inner !== undefined) return shownToSessions(inner, value);
  if (schema instanceof z.ZodUnion) {
    const option = (schema.options as readonly z.ZodType[]).find((one) => one.safeParse(value).success);
    return option === undefined ? null : shownToSessions(option, value);
  }
  if (schema instanceof z.ZodArray) {
    const { element } = schema as z.ZodArray<z.ZodType>;
    return Array.isArray(value) ? value.map((item) => shownToSessions(element, item)) : null;
  }
  if (schema instanceof z.ZodRecord) {
    const { valueType } = schema as z.ZodRecord<z.ZodString, z.ZodType>;
    return mapMembers(value, (_, member) => shownToSessions(valueType, member));
  }
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.ZodType>> = schema.shape;
    return mapMembers(value, (name, member) =>
      Object.hasOwn(shape, name) ? shownToSessions(shape[name]!, member) : undefined,
    );
  }
  return value;
}

/** What a wrapper wraps. */
function innerOf(schema: z.ZodType): z.ZodType | undefined {
  const isWrapper =
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodDefault;
  return isWrapper ? (schema.unwrap() as z.ZodType) : undefined;
}

function mapMembers(value: object, map: (name: string, member: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, map(name, member)]));
}

export function isHiddenFromSessions(schema: z.ZodType): boolean {
  return hidden.has(schema);
}
