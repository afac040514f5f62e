import fc from 'fast-check';
import type { JsonSchema } from './description.ts';

/** Values that a JSON schema allows; `schemas` are those that it may refer to. */
export function arbitraryOf(schema: JsonSchema, schemas: Readonly<Record<string, JsonSchema>>): fc.Arbitrary<unknown> {
  const of = (one: JsonSchema) => arbitraryOf(one, schemas);
  if (typeof schema.$ref === 'string') return of(schemas[schema.$ref.split('/').at(-1)!]!);
  const examples = schema.examples as unknown[] | undefined;
  const made = make(schema, of);
  // Random strings seldom match a pattern and a check in addition to it.
  return examples === undefined ? made : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...examples) }, made);
}

function make(schema: JsonSchema, of: (one: JsonSchema) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  const choices = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (choices) return fc.oneof(...choices.map(of));
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type: string) => of({ ...schema, type })));
  switch (schema.type) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer(bounds(schema));
    case 'number':
      return fc.oneof(fc.integer(bounds(schema)), fc.double({ ...bounds(schema), noNaN: true }));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(of((schema.items ?? {}) as JsonSchema), {
        minLength: (schema.minItems as number | undefined) ?? 0,
        maxLength: Math.min((schema.maxItems as number | undefined) ?? 5, 5),
      });
    case 'object':
      return object(schema, of);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function text({ pattern, format, minLength, maxLength }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.date({ noInvalidDate: true, ...century }).map((at) => at.toISOString());
  if (format === 'date') return fc.date({ noInvalidDate: true, ...century }).map((at) => at.toISOString().slice(0, 10));
  if (format === 'uri') return fc.webUrl();
  // fast-check makes no strings for lookaheads; values outside their bounds are needed as well.
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern.replace(/\(\?[=!][^()]*\)/g, '')));
  const least = (minLength as number | undefined) ?? 0;
  return fc.string({
    minLength: least,
    maxLength: Math.max(least, Math.min((maxLength as number | undefined) ?? 40, 200)),
    unit: 'binary',
  });
}

const century = { min: new Date('1999-12-31T00:00:00Z'), max: new Date('2099-12-31T00:00:00Z') };

function bounds({ minimum, maximum }: JsonSchema): { min?: number; max?: number } {
  return {
    ...(typeof minimum === 'number' ? { min: Math.max(minimum, -0x80000000) } : {}),
    ...(typeof maximum === 'number' ? { max: Math.min(maximum, 0x7fffffff) } : {}),
  };
}

function object(schema: JsonSchema, of: (one: JsonSchema) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
  const required = (schema.required ?? []) as string[];
  const known = fc.record(Object.fromEntries(properties.map(([name, one]) => [name, of(one)])), {
    requiredKeys: required,
  });
  const others = schema.additionalProperties;
  if (others === undefined || others === false) return known;
  const more = fc.dictionary(fc.string({ maxLength: 10 }), of(others === true ? {} : (others as JsonSchema)), {
    maxKeys: 4,
  });
  return fc.tuple(known, more).map(([a, b]) => ({ ...b, ...a }));
}
