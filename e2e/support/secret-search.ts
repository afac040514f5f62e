/** The length of a piece that identifies a secret; a log that quotes a part of a secret contains this much. */
const PIECE = 20;

interface Needle {
  readonly name: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** Looks for secrets in bytes of any kind: whole or in pieces, plain, URL-encoded, in base64 or in hex. */
export class SecretSearch {
  readonly #needles: readonly Needle[];

  constructor(secrets: Readonly<Record<string, readonly (string | Buffer)[]>>) {
    this.#needles = Object.entries(secrets).flatMap(([kind, values]) =>
      values.flatMap((value, index) => {
        const name = `${kind}[${index}]`;
        if (typeof value !== 'string') return formsOf(name, value);
        return piecesOf(value).flatMap((piece) => formsOf(name, Buffer.from(piece, 'utf8')));
      }),
    );
  }

  /** The secrets that are in the place, and their encoding: `authCodes[0] in gateway 0 (base64)`. */
  find(place: string, bytes: Buffer): string[] {
    const found = this.#needles.filter((needle) => bytes.includes(needle.bytes));
    return [...new Set(found.map(({ name, form }) => `${name} in ${place} (${form})`))];
  }
}

/** A short secret is one piece; a long one gives start, middle and end, without a prefix that all secrets share. */
function piecesOf(secret: string): string[] {
  const own = secret.replace(/^(?:\w+@@@|\d\d_|wxt_|wxk_[0-9a-f]{16}_|key-)/, '');
  if (own.length < 2 * PIECE) return [own];
  const middle = Math.floor((own.length - PIECE) / 2);
  return [own.slice(0, PIECE), own.slice(middle, middle + PIECE), own.slice(-PIECE)];
}

function formsOf(name: string, piece: Buffer): Needle[] {
  const plain = piece.toString('latin1');
  const forms: [form: string, text: string][] = [
    ['plain', plain],
    [
      'URL-encoded',
      plain.replace(/[^\w.~-]/g, (byte) => `%${Buffer.from(byte, 'latin1').toString('hex').toUpperCase()}`),
    ],
    ['hex', piece.toString('hex')],
    ...[0, 1, 2].flatMap((shift): [string, string][] => {
      const text = base64At(piece, shift);
      return [
        ['base64', text],
        ['base64url', text.replaceAll('+', '-').replaceAll('/', '_')],
      ];
    }),
  ];
  return [...new Map(forms.toReversed().map(([form, text]) => [text, form]))].map(([text, form]) => ({
    name,
    form,
    bytes: Buffer.from(text, 'latin1'),
  }));
}

/** The bytes as they are in the base64 of a text with `shift` bytes (modulo 3) before them. */
function base64At(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  const wholeCharacters = Math.floor(((shift + bytes.length) * 8) / 6);
  return text.slice(Math.ceil((shift * 8) / 6), wholeCharacters);
}
