/** A failure whose message is all that the person at the terminal has to read. */
export class Sentence extends Error {
  /** @override */
  name = 'Sentence';
}
