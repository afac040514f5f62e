import fc from 'fast-check';

/** Values that no program should send, but some do. */
const oddities: readonly unknown[] = [
  ...[null, true, -1, 0, 1.5, 2 ** 53, -(2 ** 60), 1e308, '', ' ', '0', 'NaN', '\u0000', '\ud800', '../..'],
  ...['a'.repeat(5_000), '%', '%00', "';--", '{{7*7}}', [], {}, [[]], { $gt: 1 }, { length: 5 }, [null]],
];
const names = ['__proto__', 'constructor', 'toString', '', 'extra', '0'];

/** The value with one or more of its parts replaced, removed or added. */
export function mutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const changes = fc.array(
    fc.record({
      where: fc.nat(),
      what: fc.constantFrom('replace', 'drop', 'add'),
      odd: fc.oneof(fc.constantFrom(...oddities), fc.jsonValue({ maxDepth: 2 })),
      name: fc.constantFrom(...names),
    }),
    { minLength: 1, maxLength: 3 },
  );
  return fc.tuple(values, changes).map(([value, all]) => all.reduce<unknown>(changed, value));
}

interface Change {
  readonly where: number;
  readonly what: string;
  readonly odd: unknown;
  readonly name: string;
}

function changed(value: unknown, { where, what, odd, name }: Change): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return odd;
  const members = Object.entries(value);
  const at = members.length === 0 ? -1 : where % (members.length + 1);
  if (what === 'add' || at === -1) return Object.fromEntries([...members, [name, odd]]);
  if (at === members.length) return odd;
  if (what === 'drop') return Object.fromEntries(members.filter((_, i) => i !== at));
  return Object.fromEntries(members.map(([key, member], i) => [key, i === at ? odd : member]));
}
