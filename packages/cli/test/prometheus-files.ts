import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../src/root.ts';

/** A metric as a rule or a board names it. */
export interface NamedMetric {
  /** Without the suffix of a histogram's series. */
  readonly name: string;
  /** Those by which it is selected. */
  readonly labels: readonly string[];
  readonly file: string;
}

export const promFolder = join(root, 'deploy/prometheus');

/** PromQL of the rules and boards, with the file of each. */
export function expressions(): { readonly file: string; readonly text: string }[] {
  const rules = { file: 'rules.yml', text: withoutAnnotations(readFileSync(join(promFolder, 'rules.yml'), 'utf8')) };
  const boards = globSync('deploy/grafana/*.json', { cwd: root }).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const found = [...text.matchAll(/"(?:expr|query)": ("(?:[^"\\]|\\.)*")/g)];
    return found.map(([, quoted]) => ({ file, text: JSON.parse(quoted!) as string }));
  });
  return [rules, ...boards];
}

/** Every metric that rules and boards name, once for each way in which it is selected. */
export function namedMetrics(): NamedMetric[] {
  return expressions().flatMap(({ file, text }) =>
    [...text.matchAll(/\b((?:wx|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].map(([, name, selector = '']) => ({
      name: name!.replace(/_(?:bucket|sum|count)$/, ''),
      labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
      file,
    })),
  );
}

function withoutAnnotations(yaml: string): string {
  return yaml.replace(/^ {8}annotations:\n(?: {10}.*\n)+/gm, '').replace(/#.*$/gm, '');
}
