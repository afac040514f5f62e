import type { Resealed, Seals } from './seals.ts';

/** One stored secret, in Redis or SQL. */
export interface SealedField {
  read(): Promise<string | null | undefined>;
  /** Replaces the value if it is still `from`; false if it is not. */
  swap(from: string, to: string): Promise<boolean>;
}

/** Seals a stored secret under the first key, unless it is sealed under that key or has changed meanwhile. */
export async function resealField(seals: Seals, place: string, field: SealedField): Promise<Resealed> {
  const sealed = await field.read();
  if (!sealed) return 'none';
  const resealed = seals.reseal(sealed, place);
  if (!resealed) return 'current';
  return (await field.swap(sealed, resealed)) ? 'resealed' : 'superseded';
}
