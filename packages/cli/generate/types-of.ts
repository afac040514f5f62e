import type { ApiDocument } from '@wxthirdparty/gateway';

type Schema = Readonly<Record<string, unknown>>;

/** TypeScript of an OpenAPI document: its schemas by their names, and what each operation takes and answers. */
export function typesOf(document: ApiDocument): string {
  const schemas = Object.entries((document.components?.schemas ?? {}) as Record<string, Schema>);
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>)
      .filter(([, operation]) => !isEndless(operation))
      .map(([method, operation]) => operationOf(method, path, operation)),
  );
  return [
    ...schemas.map(([name, schema]) => `${comment(schema, '')}export type ${name} = ${typeOf(schema, '')};\n`),
    '/** By method and path, as the gateway has them. */',
    'export interface Operations {',
    ...operations,
    '}',
    '',
  ].join('\n');
}

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Record<string, { readonly schema: Schema }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema?: Schema }> }>;
}

/** A stream of events is nothing to wait for; browsers have EventSource. */
function isEndless({ responses }: Operation): boolean {
  return Object.values(responses).some(({ content }) => content !== undefined && 'text/event-stream' in content);
}

function operationOf(method: string, path: string, { summary, parameters = [], requestBody, responses }: Operation) {
  const named = `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`;
  const among = (place: string) => parameters.filter((it) => it.in === place);
  const group = (place: string) => {
    const members = among(place).map(
      ({ name, required, schema }) =>
        `      ${comment(schema, '      ')}readonly ${quoted(name)}${required ? '' : '?'}: ${typeOf(schema, '      ')}${required ? '' : ' | undefined'};`,
    );
    return members.length === 0 ? '{}' : `{\n${members.join('\n')}\n    }`;
  };
  const body = requestBody?.content['application/json']?.schema;
  return [
    `  /** ${summary} */`,
    `  ${quoted(named)}: {`,
    `    path: ${group('path')};`,
    `    query: ${group('query')};`,
    `    body: ${body === undefined ? 'undefined' : typeOf(body, '    ')}${requestBody?.required ? '' : body === undefined ? '' : ' | undefined'};`,
    `    answer: ${answerOf(responses)};`,
    '  };',
  ].join('\n');
}

function answerOf(responses: Operation['responses']): string {
  const types = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, { content }]) => {
      if (content === undefined) return 'undefined';
      const json = content['application/json']?.schema;
      return json === undefined ? 'string' : typeOf(json, '    ');
    });
  return [...new Set(types)].join(' | ');
}

function typeOf(schema: Schema, indent: string): string {
  if (typeof schema.$ref === 'string') return schema.$ref.split('/').at(-1)!;
  if (schema.const !== undefined) return literal(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map(literal).join(' | ');
  const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;
  if (choices) return [...new Set(choices.map((it) => typeOf(it, indent)))].join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `ReadonlyArray<${typeOf((schema.items ?? {}) as Schema, indent)}>`;
    case 'object':
      return objectOf(schema, indent);
    default:
      return 'unknown';
  }
}

function objectOf(schema: Schema, indent: string): string {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const others = schema.additionalProperties;
  if (properties.length === 0) {
    const values = typeof others === 'object' && others !== null ? typeOf(others as Schema, indent) : 'unknown';
    return others === false ? 'Record<string, never>' : `{ readonly [name: string]: ${values} }`;
  }
  const required = (schema.required ?? []) as string[];
  const deeper = `${indent}  `;
  const members = properties.map(([name, one]) => {
    const isRequired = required.includes(name);
    const type = typeOf(one, deeper);
    return `${deeper}${comment(one, deeper)}readonly ${quoted(name)}${isRequired ? '' : '?'}: ${type}${isRequired || type === 'unknown' ? '' : ' | undefined'};`;
  });
  return `{\n${members.join('\n')}\n${indent}}`;
}

function comment({ description }: Schema, indent: string): string {
  return typeof description === 'string' ? `/** ${description.replaceAll('*/', '* /')} */\n${indent}` : '';
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

function quoted(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name);
}
