/** A release check as the gateway answers it. */
export interface ShownCheck {
  readonly id: string;
  readonly state: 'running' | 'passed' | 'failed';
  readonly steps: readonly ShownStep[];
  readonly console?: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly detail: { readonly en: string };
  }[];
}

interface ShownStep {
  readonly name: string;
  readonly state: 'ok' | 'failed' | 'skipped';
  readonly code: string | null;
  readonly detail: { readonly en: string };
  readonly ms: number | null;
  readonly expected: string | null;
  readonly got: string | null;
}

const NAME_WIDTH = 14;

/** One line, and for a failed step what to do. */
export function stepLines({ name, state, code, detail, ms, expected, got }: ShownStep): string[] {
  const time = ms === null ? '' : ` (${ms} ms)`;
  const line = `${state.padEnd(8)}${name.padEnd(NAME_WIDTH)}`;
  if (state !== 'failed') return [`${line}${detail.en}${time}`];
  const indent = ' '.repeat(8 + NAME_WIDTH);
  const compared = [expected === null ? [] : [`expected: ${expected}`], got === null ? [] : [`got: ${got}`]].flat();
  return [`${line}${code}${time}`, `${indent}${detail.en}`, ...compared.map((one) => `${indent}${one}`)];
}

/** What the operator has to compare with WeChat's console. */
export function consoleLines(settings: ShownCheck['console'] = []): string[] {
  if (settings.length === 0) return [];
  const width = Math.max(...settings.map(({ name }) => name.length)) + 2;
  const lines = settings.map(({ name, value, detail }) => {
    const about = `  ${name.padEnd(width)}`;
    return value === null ? `${about}${detail.en}` : `${about}${value}\n${' '.repeat(width + 2)}${detail.en}`;
  });
  return ['Only the console of the Open Platform shows these; compare them there:', ...lines];
}
