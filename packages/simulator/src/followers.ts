const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const MULTIPLIER = 0x9e3779b1;
// The inverse of MULTIPLIER modulo 2^32 (Newton's iteration doubles the right bits each round).
const INVERSE_MULTIPLIER = inverseOf(MULTIPLIER);

/**
 * The followers of one account. The founding followers are computed from account and seed, in both directions, so that a
 * million of them cost nothing until they are listed; only changes are stored.
 */
export class Followers {
  readonly founding: number;
  readonly #salt: number;
  readonly #prefix: string;
  /** Founding followers that unsubscribed. */
  readonly #gone = new Set<number>();
  /** Later followers, in order of arrival; they stay in the list after they unsubscribe, so that pages keep their places. */
  readonly #late: { openid: string; follows: boolean }[] = [];
  readonly #latePlace = new Map<string, number>();
  readonly #foreign = new Set<string>();

  constructor(account: string, seed: number, founding: number) {
    this.founding = founding;
    let salt = mix(seed ^ 0x51ed270b);
    for (const character of account) salt = mix(salt ^ character.charCodeAt(0));
    this.#salt = salt;
    // Openids of one account share their beginning, as the real ones do.
    this.#prefix = `o${spell(mix(salt ^ 1), 5)}`;
  }

  get total(): number {
    return this.founding - this.#gone.size + this.#late.filter((person) => person.follows).length;
  }

  openidAt(index: number): string {
    const place = (Math.imul(index, MULTIPLIER) ^ this.#salt) >>> 0;
    const tail =
      spell(mix(place ^ this.#salt), 5) + spell(mix(place + 0x85ebca6b), 5) + spell(mix(place ^ 0xc2b2ae35), 6);
    return this.#prefix + spell(place, 6) + tail;
  }

  /** The place of an openid in the list, subscribed or not; null for openids of other accounts. */
  placeOf(openid: string): number | null {
    const late = this.#latePlace.get(openid);
    if (late !== undefined) return this.founding + late;
    if (openid.length !== 28 || !openid.startsWith(this.#prefix)) return null;
    let place = 0;
    for (const character of openid.slice(6, 12)) place = place * 64 + ALPHABET.indexOf(character);
    const index = Math.imul((place >>> 0) ^ this.#salt, INVERSE_MULTIPLIER) >>> 0;
    return index < this.founding && this.openidAt(index) === openid ? index : null;
  }

  isFollowing(openid: string): boolean {
    const place = this.placeOf(openid);
    if (place === null) return false;
    return place < this.founding ? !this.#gone.has(place) : this.#late[place - this.founding]?.follows === true;
  }

  subscribe(openid: string): void {
    const place = this.placeOf(openid);
    if (place === null) {
      this.#latePlace.set(openid, this.#late.length);
      this.#late.push({ openid, follows: true });
    } else if (place < this.founding) this.#gone.delete(place);
    else this.#late[place - this.founding]!.follows = true;
  }

  unsubscribe(openid: string): void {
    const place = this.placeOf(openid);
    if (place === null) return;
    if (place < this.founding) this.#gone.add(place);
    else this.#late[place - this.founding]!.follows = false;
  }

  /** From now on the list has the openid, and all other APIs refuse it (protocol §4.1). */
  disown(openid: string): void {
    this.subscribe(openid);
    this.#foreign.add(openid);
  }

  isForeign(openid: string): boolean {
    return this.#foreign.has(openid);
  }

  /** At most `limit` openids from `place` on. */
  from(place: number, limit: number): string[] {
    const found: string[] = [];
    const end = this.founding + this.#late.length;
    for (let at = place; at < end && found.length < limit; at += 1) {
      if (at < this.founding) {
        if (!this.#gone.has(at)) found.push(this.openidAt(at));
      } else {
        const person = this.#late[at - this.founding]!;
        if (person.follows) found.push(person.openid);
      }
    }
    return found;
  }
}

function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

function spell(value: number, length: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < length; i += 1) {
    text = ALPHABET[rest % 64]! + text;
    rest = Math.floor(rest / 64);
  }
  return text;
}

function inverseOf(odd: number): number {
  let inverse = odd;
  for (let i = 0; i < 5; i += 1) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse >>> 0;
}
