import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface DescribedOperation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly in: 'path' | 'query' | 'header';
    readonly name: string;
    readonly required?: boolean;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

export interface Route {
  readonly method: string;
  /** As in the document, with `{appid}` and the like. */
  readonly path: string;
  readonly operation: DescribedOperation;
}

/** The OpenAPI description of a gateway, with a check of its answers. */
export class Description {
  readonly routes: readonly Route[];
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  readonly #checks = new Map<JsonSchema, z.ZodType>();

  constructor(document: Document) {
    this.schemas = document.components.schemas;
    this.routes = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
  }

  static async of(gateway: string): Promise<Description> {
    return new Description((await (await fetch(`${gateway}/openapi.json`)).json()) as Document);
  }

  /** Throws if the description does not promise the answer. */
  hold(method: string, url: string, status: number, contentType: string | null, body: unknown): void {
    const path = url.split('?', 1)[0]!;
    const route = this.#routeOf(method, path);
    // Another test shows that every route is described.
    if (route === undefined) return;
    const answer = `${method} ${route.path} answered ${status}`;
    const { responses } = route.operation;
    const promised = responses[status] ?? (status >= 400 ? responses.default : undefined);
    if (promised === undefined) throw new Error(`${answer}, which the description does not promise`);
    const type = contentType?.split(';', 1)[0]?.trim();
    if (promised.content === undefined) {
      if (type !== undefined) throw new Error(`${answer} with ${type}; the description promises nothing`);
      return;
    }
    const media = Object.entries(promised.content).find(([one]) => one.split(';', 1)[0] === type)?.[1];
    if (media === undefined) throw new Error(`${answer} with ${type}, which the description does not promise`);
    if (media.schema === undefined) return;
    const read = this.#check(media.schema).safeParse(body);
    if (!read.success) throw new Error(`${answer} other than described: ${z.prettifyError(read.error)}`);
  }

  #routeOf(method: string, path: string): Route | undefined {
    const parts = path.split('/');
    // `/calls/batch` before `/calls/{id}`.
    return this.routes
      .filter((route) => route.method === method && fits(route.path.split('/'), parts))
      .toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
  }

  #check(schema: JsonSchema): z.ZodType {
    const known = this.#checks.get(schema);
    if (known) return known;
    const whole = { ...schema, $defs: this.schemas };
    const text = JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/');
    const check = z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0]);
    this.#checks.set(schema, check);
    return check;
  }
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return pattern.length === parts.length && pattern.every((one, i) => one.startsWith('{') || one === parts[i]);
}
