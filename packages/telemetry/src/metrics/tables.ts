import { Cells } from './cells.ts';
import { type CounterName, definitions, type HistogramName, PREFIX } from './definitions.ts';

/** One argument for each label, in the order of the definition. */
type ValuesOf<Labels extends readonly string[]> = { readonly [I in keyof Labels]: string };
type LabelValues<Name extends CounterName | HistogramName> = ValuesOf<(typeof definitions)[Name]['labels']>;

/** A counter that costs a tenth of prom-client's to increase, which matters for those that each call increases. */
class CounterTable<Values extends readonly string[] = readonly string[]> {
  readonly #cells = new Cells(() => ({ value: 0 }));
  readonly #name: CounterName;

  constructor(name: CounterName) {
    this.#name = name;
    // Without labels it exists from the start.
    if (definitions[name].labels.length === 0) this.#cells.of();
  }

  add(by: number, ...values: Values): void {
    this.#cells.of(...values).value += by;
  }

  /** In Prometheus' text format. */
  text(): string {
    const name = PREFIX + this.#name;
    const { labels } = definitions[this.#name];
    const samples = this.#cells.all().map((one) => `${name}${braces(labels, one.labels)} ${one.cell.value}`);
    return [head(this.#name), ...samples].join('\n');
  }
}

interface Observed {
  /** How many were at most as large as each bound and larger than the one before; the last: larger than all. */
  readonly counts: Float64Array;
  sum: number;
}

/** The same for a histogram. */
class HistogramTable<Values extends readonly string[] = readonly string[]> {
  readonly #name: HistogramName;
  readonly #bounds: readonly number[];
  readonly #cells: Cells<Observed>;

  constructor(name: HistogramName) {
    this.#name = name;
    const bounds: readonly number[] = definitions[name].buckets;
    this.#bounds = bounds;
    this.#cells = new Cells(() => ({ counts: new Float64Array(bounds.length + 1), sum: 0 }));
    if (definitions[name].labels.length === 0) this.#cells.of();
  }

  observe(seconds: number, ...values: Values): void {
    const observed = this.#cells.of(...values);
    let i = 0;
    while (i < this.#bounds.length && seconds > this.#bounds[i]!) i++;
    observed.counts[i]! += 1;
    observed.sum += seconds;
  }

  text(): string {
    const name = PREFIX + this.#name;
    const { labels } = definitions[this.#name];
    const lines = [head(this.#name)];
    for (const { labels: values, cell } of this.#cells.all()) {
      let count = 0;
      for (const [i, n] of cell.counts.entries()) {
        count += n;
        const bound = this.#bounds[i] ?? '+Inf';
        lines.push(`${name}_bucket${braces([...labels, 'le'], [...values, String(bound)])} ${count}`);
      }
      lines.push(`${name}_sum${braces(labels, values)} ${cell.sum}`, `${name}_count${braces(labels, values)} ${count}`);
    }
    return lines.join('\n');
  }
}

const counter = <Name extends CounterName>(name: Name) => new CounterTable<LabelValues<Name>>(name);
const histogram = <Name extends HistogramName>(name: Name) => new HistogramTable<LabelValues<Name>>(name);

export function openCounters() {
  return {
    calls_total: counter('calls_total'),
    calls_unrecorded_total: counter('calls_unrecorded_total'),
    wechat_requests_total: counter('wechat_requests_total'),
    wechat_errcode_total: counter('wechat_errcode_total'),
    http_requests_total: counter('http_requests_total'),
    pushes_total: counter('pushes_total'),
    deliveries_total: counter('deliveries_total'),
    replies_total: counter('replies_total'),
    token_refreshes_total: counter('token_refreshes_total'),
    quota_events_total: counter('quota_events_total'),
    job_events_total: counter('job_events_total'),
    redis_events_total: counter('redis_events_total'),
  } satisfies Record<CounterName, unknown>;
}

export function openHistograms() {
  return {
    call_seconds: histogram('call_seconds'),
    background_call_seconds: histogram('background_call_seconds'),
    wechat_request_seconds: histogram('wechat_request_seconds'),
    http_request_seconds: histogram('http_request_seconds'),
    push_answer_seconds: histogram('push_answer_seconds'),
    push_lag_seconds: histogram('push_lag_seconds'),
    delivery_lag_seconds: histogram('delivery_lag_seconds'),
  } satisfies Record<HistogramName, unknown>;
}

export type Counters = ReturnType<typeof openCounters>;
export type Histograms = ReturnType<typeof openHistograms>;

function head(name: CounterName | HistogramName): string {
  const { help, type } = definitions[name];
  return `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}`;
}

function braces(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, i) => `${name}="${escaped(values[i]!)}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
