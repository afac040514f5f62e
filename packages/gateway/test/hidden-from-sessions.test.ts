import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { hiddenFromSessions, isHiddenFromSessions, shownToSessions } from '../src/contract/hidden-from-sessions.ts';
import { operations } from '../src/openapi/operations.ts';

interface Part {
  readonly path: string;
  readonly schema: z.ZodType;
}

/** A schema with all its parts; what is hidden as a whole has none. */
function partsOf(schema: z.ZodType, path: string): Part[] {
  const self = { path, schema };
  if (isHiddenFromSessions(schema)) return [self];
  const { def } = schema;
  switch (def.type) {
    case 'nullable':
    case 'optional':
    case 'readonly':
    case 'default':
      return partsOf((schema as z.ZodOptional<z.ZodType>).unwrap(), path);
    case 'array':
      return partsOf((schema as z.ZodArray<z.ZodType>).element, `${path}[]`);
    case 'record':
      return partsOf((schema as z.ZodRecord<z.ZodString, z.ZodType>).valueType, `${path}{}`);
    case 'union':
      return (schema as z.ZodUnion<readonly z.ZodType[]>).options.flatMap((option) => partsOf(option, path));
    case 'object':
      return Object.entries((schema as z.ZodObject).shape).flatMap(([name, member]) =>
        partsOf(member as z.ZodType, `${path}.${name}`),
      );
    default:
      return [self];
  }
}

const answers = Object.entries(operations).flatMap(([route, { answers }]) =>
  Object.values(answers).map((answer) => ({ route, answer })),
);
const parts = answers.flatMap(({ route, answer }) => (answer instanceof z.ZodType ? partsOf(answer, route) : []));

describe('over all routes', () => {
  it('sessions receive neither the body of a call nor the content of a push, nor what a receiver answered', () => {
    const hidden = new Set(parts.filter(({ schema }) => isHiddenFromSessions(schema)).map(({ path }) => path));
    expect([...hidden].toSorted()).toEqual([
      'DELETE /v1/calls/:id.response.body',
      'GET /v1/authorizers.items[].cookieValue',
      'GET /v1/authorizers/:appid.cookieValue',
      'GET /v1/calls/:id.response.body',
      'GET /v1/pushes/:id.data',
      'GET /v1/subscriptions/:id/deliveries/:push.attempts[].answer',
      'PATCH /v1/authorizers/:appid.cookieValue',
      'POST /v1/authorizers/:appid/calls.response.body',
      'POST /v1/components/:appid/authorizations.cookieValue',
      'POST /v1/components/:appid/calls.response.body',
      'POST /v1/subscriptions/:id/deliveries/:push/retry.attempts[].answer',
      'POST /v1/subscriptions/:id/test.reply',
      'POST /v1/subscriptions/:id/test.request.body',
      'POST /v1/subscriptions/:id/test.response.body',
    ]);
  });

  it('what can have any content is hidden', () => {
    const open = parts.filter(({ schema }) => ['unknown', 'any'].includes(schema.def.type));
    expect(open.filter(({ schema }) => !isHiddenFromSessions(schema)).map(({ path }) => path)).toEqual([
      // What WeChat reports of a follower, for whom the scope followers:read is needed.
      'GET /v1/authorizers/:appid/followers.items[].extra{}',
    ]);
  });

  it('a member whose name means content is hidden', () => {
    const suspicious = parts.filter(({ path }) => /[.](?:body|data|content|payload|answer|xml|raw|text)$/i.test(path));
    // A reply that an operator has set for all users, and what a robot answered to an alarm.
    const harmless = /[.]reply[.]fallback[.]|^\w+ \/v1\/alarm-channels/;
    expect(
      suspicious
        .filter(({ schema, path }) => !isHiddenFromSessions(schema) && !harmless.test(path))
        .map(({ path }) => path),
    ).toEqual([]);
  });

  it('no part is of a kind that is passed without being read', () => {
    const shown = parts.filter(({ schema }) => !isHiddenFromSessions(schema));
    const leaves = new Set(shown.map(({ schema }) => schema.def.type));
    const known = ['string', 'number', 'boolean', 'enum', 'literal', 'date', 'unknown', 'null'];
    expect([...leaves].filter((type) => !known.includes(type))).toEqual([]);
  });

  it('what is no JSON has neither', () => {
    const others = answers.filter(({ answer }) => answer !== null && !(answer instanceof z.ZodType));
    expect(others.map(({ route }) => route).toSorted()).toEqual([
      'GET /v1/authorizers/:appid/followers.csv',
      'GET /v1/authorizers/:appid/followers.ndjson',
      'GET /v1/follower-syncs/:id/events',
      'GET /v1/quotas/events',
    ]);
  });
});

describe('what a session is shown', () => {
  const body = hiddenFromSessions(z.string().nullable());
  const item = z.object({ id: z.string(), at: z.date(), body, list: z.array(z.object({ body })).readonly() });

  it('has null in place of hidden parts, at any depth', () => {
    const at = new Date();
    const value = { id: 'a', at, body: 'secret', list: [{ body: 'secret' }] };
    const shown = { id: 'a', at, body: null, list: [{ body: null }] };
    expect(shownToSessions(item, value)).toEqual(shown);
    expect(shownToSessions(z.array(item.nullable()), [value, null])).toEqual([shown, null]);
    expect(shownToSessions(z.record(z.string(), item), { a: value })).toEqual({ a: shown });
  });

  it('has nothing that the schema does not name', () => {
    expect(shownToSessions(z.object({ id: z.string() }), { id: 'a', more: 'secret' })).toEqual({ id: 'a' });
  });

  it('of several forms is the one that it has', () => {
    const forms = z.union([z.object({ id: z.string() }), z.object({ body, code: z.string() })]);
    expect(shownToSessions(forms, { code: 'c', body: 'secret' })).toEqual({ code: 'c', body: null });
    expect(shownToSessions(forms, { id: 'a', body: 'secret' })).toEqual({ id: 'a' });
    expect(shownToSessions(forms, { other: 'secret' })).toBeNull();
  });
});
