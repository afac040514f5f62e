/** A request to the control API that is invalid; the message is the answer's `error`. */
export class BadInput extends Error {}

export type Body = Record<string, unknown>;

export function text(body: Body, name: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw new BadInput(`${name} must be a text`);
  return value;
}

export function optionalText(body: Body, name: string): string | undefined {
  return body[name] === undefined ? undefined : text(body, name);
}

export function oneOf<T extends string>(body: Body, name: string, values: readonly T[], otherwise?: T): T {
  const value = body[name] ?? otherwise;
  if (!values.includes(value as T)) throw new BadInput(`${name} must be one of ${values.join(', ')}`);
  return value as T;
}

export function optionalNumber(body: Body, name: string, min = 0): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    throw new BadInput(`${name} must be a whole number, at least ${min}`);
  }
  return value;
}

export function optionalFlag(body: Body, name: string): boolean | undefined {
  const value = body[name];
  if (value !== undefined && typeof value !== 'boolean') throw new BadInput(`${name} must be true or false`);
  return value;
}

export function optionalNumbers(body: Body, name: string): number[] | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((one) => Number.isInteger(one))) {
    throw new BadInput(`${name} must be a list of whole numbers`);
  }
  return value as number[];
}

export function optionalTexts(body: Body, name: string): string[] {
  const value = body[name] ?? [];
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw new BadInput(`${name} must be a list of texts`);
  }
  return value as string[];
}

export function optionalObject(body: Body, name: string): Body | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadInput(`${name} must be an object`);
  }
  return value as Body;
}

/** Unknown names are refused: they are mistakes. */
export function rejectUnknown(body: Body, ...names: string[]): void {
  for (const name of Object.keys(body)) {
    if (!names.includes(name)) throw new BadInput(`${name} is unknown; the known names are ${names.join(', ')}`);
  }
}
