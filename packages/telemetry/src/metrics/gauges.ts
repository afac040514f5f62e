import { Gauge, type Registry } from 'prom-client';
import { definitions, type GaugeName, type LabelOf, PREFIX } from './definitions.ts';

/** One series: its labels and its value. */
export type Sample<Name extends GaugeName> = readonly [labels: Readonly<Record<LabelOf<Name>, string>>, value: number];

/** Replaces all series of a gauge. Undefined: it cannot be read, so that it has none. */
export type SetGauge = <Name extends GaugeName>(name: Name, samples: readonly Sample<Name>[] | undefined) => void;

export function openGauges(registry: Registry): SetGauge {
  const gauges = new Map<string, Gauge>();
  for (const [name, { type, help, labels }] of Object.entries(definitions)) {
    if (type !== 'gauge') continue;
    gauges.set(name, new Gauge({ name: PREFIX + name, help, labelNames: labels, registers: [registry] }));
  }
  return (name, samples) => {
    const gauge = gauges.get(name)!;
    gauge.reset();
    // One without labels is 0 after that.
    if (definitions[name].labels.length === 0) gauge.remove();
    for (const [labels, value] of samples ?? []) gauge.set(labels, value);
  };
}
