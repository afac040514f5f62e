import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiOverride,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import manifest from '../../package.json' with { type: 'json' };
import type { Operation } from '../contract/operation.ts';
import { type ProblemCode, statusOf } from '../contract/problem.ts';
import { ProblemAnswer } from '../contract/problem-answer.ts';
import { routeRights, unlisted } from '../key/route-rights.ts';
import { operations } from './operations.ts';

/** OpenAPI 3.1, generated from the schemas by which the routes check their requests. */
export type ApiDocument = ReturnType<typeof createDocument>;

export function apiDocument(): ApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [route, operation] of Object.entries(operations)) {
    const [method = '', path = ''] = route.split(' ');
    const templated = path.replace(/:(\w+)/g, '{$1}');
    paths[templated] = { ...paths[templated], [method.toLowerCase()]: described(method, path, operation) };
  }
  return createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'wxthirdparty',
        version: manifest.version,
        description:
          'Calls WeChat on behalf of accounts that authorized a third-party platform, without tokens. Errors are ' +
          'RFC 9457 problems with a stable `code` and a `remedy`. Times are ISO 8601 in UTC.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      // Relative to the document: behind a proxy the gateway does not know its own address.
      servers: [{ url: '/' }],
      security: [{ key: [] }],
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'an API key' } } },
      paths,
    },
    { override: ({ jsonSchema }) => plain(jsonSchema) },
  );
}

type Rendered = Parameters<ZodOpenApiOverride>[0]['jsonSchema'];

/** Removes what readers do not need: the bounds of safe integers, and the pattern of a format. */
function plain(schema: Rendered): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.format !== undefined) delete schema.pattern;
  delete schema.readOnly;
}

/** Problems that occur before the route's own handler. */
const ofEveryRoute: readonly ProblemCode[] = ['unauthorized', 'forbidden', 'rate_limited', 'unavailable'];
const ofRoutesWithInput: readonly ProblemCode[] = ['invalid_request'];
const ofRoutesWithBody: readonly ProblemCode[] = ['slow_body', 'too_large', 'unsupported_content', 'overloaded'];

const parameters: Readonly<Record<string, string>> = {
  appid: 'appid of the account; of the component itself for its own APIs',
};

function described(method: string, path: string, operation: Operation): ZodOpenApiOperationObject {
  const { id, tag, summary, description, query, headers, body, example = {} } = operation;
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [description, rightOf(method, path)].filter((it) => it !== undefined).join('\n\n'),
    requestParams: {
      ...(names.length > 0 ? { path: z.object(Object.fromEntries(names.map((name) => [name, parameter(name)]))) } : {}),
      ...(query ? { query } : {}),
      ...(headers ? { header: headers } : {}),
    },
    ...(body
      ? {
          requestBody: {
            required: !body.safeParse({}).success,
            content: { 'application/json': { schema: body, example } },
          },
        }
      : {}),
    responses: { ...answersOf(operation), ...problemsOf(operation) },
  };
}

/** The rights that the key needs, from the table that the guard uses. */
function rightOf(method: string, path: string): string {
  const right = routeRights.find((it) => it.path === path && it.method === method.toLowerCase());
  const { scope } = right ?? unlisted;
  return scope === 'any' ? 'Any key is sufficient.' : `Requires a key with the scope \`${scope}\`.`;
}

function parameter(name: string): z.ZodType {
  const description = parameters[name];
  return description === undefined ? z.string() : z.string().meta({ description });
}

function answersOf({ answers }: Operation): Record<`${2}${string}`, ZodOpenApiResponseObject> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]): [string, ZodOpenApiResponseObject] => {
      if (answer === null) return [status, { description: 'Done.' }];
      if (answer instanceof z.ZodType)
        return [
          status,
          { description: titles[status] ?? 'Done.', content: { 'application/json': { schema: answer } } },
        ];
      return [status, { description: answer.description, content: { [answer.contentType]: {} } }];
    }),
  );
}

const titles: Readonly<Record<string, string>> = {
  200: 'The answer.',
  201: 'Created.',
  202: 'Accepted; read the outcome at `Location`.',
};

function problemsOf({ problems = [], query, headers, body }: Operation): Record<string, ZodOpenApiResponseObject> {
  const codes = new Set([
    ...ofEveryRoute,
    ...(query || headers || body ? ofRoutesWithInput : []),
    ...(body ? ofRoutesWithBody : []),
    ...problems,
  ]);
  const content = { 'application/problem+json': { schema: ProblemAnswer } };
  const byStatus = Object.groupBy(codes, (code) => String(statusOf(code)));
  return {
    ...Object.fromEntries(
      Object.entries(byStatus).map(([status, some = []]) => [
        status,
        { description: some.map((code) => `\`${code}\``).join(', '), content },
      ]),
    ),
    // WeChat's refusals have codes of their own, with the status of their remedy.
    default: { description: 'Any other problem.', content },
  };
}
