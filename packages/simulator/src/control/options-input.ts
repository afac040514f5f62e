import type { Options } from '../options.ts';
import { BadInput, type Body, only } from './input.ts';

/** Changes the named options; each keeps its type. Nothing changes when one of them is wrong. */
export function changeOptions(options: Options, body: Body): Options {
  only(body, ...Object.keys(options));
  for (const [name, value] of Object.entries(body)) {
    if (name === 'ipList') {
      if (value !== null && !(Array.isArray(value) && value.every((ip) => typeof ip === 'string'))) {
        throw new BadInput('ipList must be a list of addresses or null');
      }
      continue;
    }
    const wanted = typeof options[name as keyof Options];
    if (typeof value !== wanted) throw new BadInput(`${name} must be a ${wanted}`);
    if (name.endsWith('Rate') && !((value as number) >= 0 && (value as number) <= 1)) {
      throw new BadInput(`${name} must be a number from 0 to 1`);
    }
    if (typeof value === 'number' && value < 0) throw new BadInput(`${name} must not be negative`);
  }
  return Object.assign(options, body);
}
