import { readdir } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import type { Bench } from './bench.ts';
import { fallsShort, report } from './report.ts';

/**
 * `npm run bench [word …]`: runs every `*.bench.ts` of this folder whose name holds one of the words, one after the
 * other, and prints what it finds. A bench that falls short is printed as such and is no failure of the run.
 */
const words = process.argv.slice(2);
const files = (await readdir(import.meta.dirname))
  .filter((file) => file.endsWith('.bench.ts'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) throw new Error(`no bench is called ${words.join(' or ')}`);

const short: string[] = [];
console.log(`${cpus().length} cores, load ${loadavg()[0]!.toFixed(2)}, Node ${process.versions.node}\n`);
for (const file of files) {
  const { default: benches } = (await import(`./${file}`)) as { default: Bench | readonly Bench[] };
  for (const bench of [benches].flat()) {
    const figures = await bench.run();
    console.log(`${report(bench, figures)}\n`);
    if (fallsShort(bench, figures)) short.push(bench.name);
  }
}
console.log(short.length === 0 ? 'Nothing falls short.' : `Falls short: ${short.join('; ')}.`);
