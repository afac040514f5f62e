import { cataloguedPath } from '@wxthirdparty/wechat';

/** What a label says of a value that is not one of its own: a label with unbounded values makes unbounded series. */
const OTHER = 'other';

const MAX_PATHS = 199;
const MAX_REMEMBERED = 1_000;

/** The label `path`: catalogued paths, at most 199 of them, and `other`. */
export class PathLabels {
  readonly #labels = new Set<string>();
  /** Of spellings. Callers may try any number. */
  readonly #remembered = new Map<string, string>();

  of(path: string): string {
    const known = this.#remembered.get(path);
    if (known !== undefined) return known;
    const label = this.#labelOf(path);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.delete(this.#remembered.keys().next().value!);
    this.#remembered.set(path, label);
    return label;
  }

  #labelOf(path: string): string {
    const catalogued = cataloguedPath(path);
    if (catalogued === undefined) return OTHER;
    if (this.#labels.size >= MAX_PATHS && !this.#labels.has(catalogued)) return OTHER;
    this.#labels.add(catalogued);
    return catalogued;
  }
}

/** Those that call for an action of the operator, the program or the merchant, and the most frequent ones beside them. */
export const KNOWN_ERRCODES: ReadonlySet<number> = new Set([
  -1, 40001, 40003, 40007, 40013, 40014, 40029, 40037, 40066, 40125, 40132, 40163, 40164, 41001, 41030, 42001, 42003,
  42007, 43004, 43101, 44991, 45002, 45008, 45009, 45011, 45015, 45047, 45056, 45065, 45157, 46003, 47001, 47003, 48001,
  48004, 48006, 50001, 50002, 61003, 61004, 61005, 61006, 61007, 61009, 61010, 61011, 61023, 61024, 89401, 9402202,
]);

/** The label `errcode`. */
export function errcodeLabel(errcode: number): string {
  return KNOWN_ERRCODES.has(errcode) ? String(errcode) : OTHER;
}

/** The label `method`: a sender may use any name. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : OTHER;
}

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
