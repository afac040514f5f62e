import type { Events, ProcessRole } from '@wxthirdparty/platform';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Countable, countEvents } from './count-events.ts';
import { openGauges } from './gauges.ts';
import { type GaugeSources, gaugeReader } from './read-gauges.ts';
import { openCounters, openHistograms } from './tables.ts';

export interface MetricsParts extends GaugeSources, Countable {
  readonly events: Events;
  readonly version: string;
  readonly roles: readonly ProcessRole[];
}

export interface Metrics {
  readonly contentType: string;
  /** All metrics in Prometheus' text format. Never rejects for what cannot be read: that is absent. */
  text(): Promise<string>;
  /** Ends the measurements of the event loop. */
  close(): void;
}

/** Counts the events of this process, and reads what it exports beside them. */
export function openMetrics(parts: MetricsParts): Metrics {
  const { events, version, roles } = parts;
  const registry = new Registry();
  const counters = openCounters();
  const histograms = openHistograms();
  countEvents(events, counters, histograms, parts);
  const setGauge = openGauges(registry);
  setGauge('build_info', [[{ version, role: roles.length > 1 ? 'node' : roles[0]! }, 1]]);
  collectDefaultMetrics({ register: registry });
  const readGauges = gaugeReader(parts, setGauge);
  let reading: Promise<string> | undefined;
  const read = async () => {
    await readGauges();
    const counted = [...Object.values(counters), ...Object.values(histograms)].map((one) => one.text());
    return `${counted.join('\n\n')}\n\n${await registry.metrics()}`;
  };
  return {
    contentType: registry.contentType,
    text() {
      // Gauges are set before they are written, so scrapes at the same moment share one reading.
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    close: () => registry.clear(),
  };
}
