import type { Options } from '../options.ts';
import { BadInput, type Body, rejectUnknown } from './input.ts';

/** Changes the given options; each keeps its type. Nothing changes if one of them is invalid. */
export function changeOptions(options: Options, body: Body): Options {
  rejectUnknown(body, ...Object.keys(options));
  for (const [name, value] of Object.entries(body)) {
    if (name === 'ipList') {
      if (value !== null && !(Array.isArray(value) && value.every((ip) => typeof ip === 'string'))) {
        throw new BadInput('ipList must be a list of addresses or null');
      }
      continue;
    }
    if (name === 'riskyWords') {
      if (!(Array.isArray(value) && value.every((word) => typeof word === 'string' && word !== ''))) {
        throw new BadInput('riskyWords must be a list of texts');
      }
      continue;
    }
    const type = typeof options[name as keyof Options];
    if (typeof value !== type) throw new BadInput(`${name} must be a ${type}`);
    if (name.endsWith('Rate') && !((value as number) >= 0 && (value as number) <= 1)) {
      throw new BadInput(`${name} must be a number from 0 to 1`);
    }
    if (typeof value === 'number' && value < 0) throw new BadInput(`${name} must not be negative`);
  }
  return Object.assign(options, body);
}
