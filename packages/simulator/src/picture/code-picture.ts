import { createHash } from 'node:crypto';
import { writePng } from './png.ts';

type Color = readonly [red: number, green: number, blue: number, alpha: number];

export interface CodePicture {
  /** `round` is a mini-program code, `square` a QR code. */
  readonly shape: 'round' | 'square';
  /** What the code stands for; determines the pattern. */
  readonly content: string;
  /** Pixels. */
  readonly width: number;
  readonly line?: readonly [number, number, number];
  readonly transparent?: boolean;
}

const BLACK = [0, 0, 0] as const;
const RED: Color = [200, 30, 30, 255];
const WHITE: Color = [255, 255, 255, 255];
// Each pixel of a small picture is the mean of this many points in either direction; a large one is sharp enough.
const SAMPLES = 2;
const MAX_SAMPLED_WIDTH = 640;
const RAYS = 60;
const RINGS = 11;
const MODULES = 33;
const BITS = RAYS * RINGS + MODULES * MODULES;

/**
 * A picture that looks like one of WeChat's codes and says on its front that it is simulated: it cannot be scanned. The same
 * content gives the same picture, any other one another.
 */
export function drawCode({ shape, content, width, line = BLACK, transparent = false }: CodePicture): Buffer {
  const bits = createHash('shake256', { outputLength: Math.ceil(BITS / 8) })
    .update(content)
    .digest();
  const bit = (at: number) => ((bits[at >> 3]! >> (at & 7)) & 1) === 1;
  const isInk = shape === 'round' ? roundPattern(bit) : squarePattern(bit);
  const ink: Color = [...line, 255];
  const paper: Color = transparent ? [255, 255, 255, 0] : WHITE;
  const pixels = Buffer.alloc(width * width * 4);
  const samples = width > MAX_SAMPLED_WIDTH ? 1 : SAMPLES;
  const step = 2 / (width * samples);
  const points = samples * samples;
  for (let row = 0; row < width; row += 1) {
    for (let column = 0; column < width; column += 1) {
      let [red, green, blue, alpha] = [0, 0, 0, 0];
      for (let point = 0; point < points; point += 1) {
        const x = (column * samples + (point % samples) + 0.5) * step - 1;
        const y = (row * samples + Math.floor(point / samples) + 0.5) * step - 1;
        const color = bannerAt(x, y) ?? (isInk(x, y) ? ink : paper);
        red += color[0];
        green += color[1];
        blue += color[2];
        alpha += color[3];
      }
      const at = (row * width + column) * 4;
      pixels[at] = red / points;
      pixels[at + 1] = green / points;
      pixels[at + 2] = blue / points;
      pixels[at + 3] = alpha / points;
    }
  }
  return writePng(width, pixels, `simulated, cannot be scanned: ${encodeURI(content)}`);
}

/** Rays of dashes around a free centre, and three round eyes. Coordinates are −1 to 1. */
function roundPattern(bit: (at: number) => boolean): (x: number, y: number) => boolean {
  return (x, y) => {
    const isCorner = x < 0 || y < 0;
    const [eyeX, eyeY] = [Math.abs(x) - 0.62, Math.abs(y) - 0.62];
    // Squares of distances: this runs for each of a million points.
    const eye = eyeX * eyeX + eyeY * eyeY;
    if (isCorner && eye < 0.22 ** 2) return eye < 0.09 ** 2 || (eye > 0.13 ** 2 && eye < 0.18 ** 2);
    const radius = Math.sqrt(x * x + y * y);
    if (radius < 0.38 || radius > 0.95) return false;
    const angle = ((Math.atan2(y, x) / (2 * Math.PI) + 1) % 1) * RAYS;
    const ray = Math.floor(angle);
    // A dash has the same width near the centre and far from it.
    const aside = Math.abs(angle - ray - 0.5) * ((2 * Math.PI) / RAYS) * radius;
    const ring = Math.floor(((radius - 0.38) / 0.57) * RINGS);
    return aside < 0.016 && bit(ray * RINGS + ring);
  };
}

/** Modules with a margin, and three square eyes. */
function squarePattern(bit: (at: number) => boolean): (x: number, y: number) => boolean {
  return (x, y) => {
    const column = Math.floor(((x / 0.9 + 1) / 2) * MODULES);
    const row = Math.floor(((y / 0.9 + 1) / 2) * MODULES);
    if (column < 0 || row < 0 || column >= MODULES || row >= MODULES) return false;
    if (column < 8 && row < 8) return isEye(column, row);
    if (column >= MODULES - 8 && row < 8) return isEye(MODULES - 1 - column, row);
    if (column < 8 && row >= MODULES - 8) return isEye(column, MODULES - 1 - row);
    return bit(RAYS * RINGS + row * MODULES + column);
  };
}

/** A square in a frame, with a free border; coordinates from its outer corner. */
function isEye(column: number, row: number): boolean {
  const away = Math.max(Math.abs(column - 3), Math.abs(row - 3));
  return away <= 1 || away === 3;
}

const LETTERS: Record<string, string> = {
  S: '01111100001000001110000010000111110',
  I: '01110001000010000100001000010001110',
  M: '10001110111010110101100011000110001',
  U: '10001100011000110001100011000101110',
  L: '10000100001000010000100001000011111',
  A: '01110100011000111111100011000110001',
  T: '11111001000010000100001000010000100',
  E: '11111100001000011110100001000011111',
  D: '11110100011000110001100011000111110',
};
const BANNER = 'SIMULATED';
const DOT = 0.022;
const BANNER_WIDTH = BANNER.length * 6 - 1;

/** A red plate across the centre. */
function bannerAt(x: number, y: number): Color | null {
  const halfWidth = (BANNER_WIDTH / 2 + 2) * DOT;
  const halfHeight = 6 * DOT;
  if (Math.abs(x) > halfWidth || Math.abs(y) > halfHeight) return null;
  const column = Math.floor(x / DOT + BANNER_WIDTH / 2);
  const row = Math.floor(y / DOT + 3.5);
  if (column < 0 || column >= BANNER_WIDTH || row < 0 || row > 6) return RED;
  const letter = LETTERS[BANNER[Math.floor(column / 6)]!]!;
  const inLetter = column % 6;
  return inLetter < 5 && letter[row * 5 + inLetter] === '1' ? WHITE : RED;
}
