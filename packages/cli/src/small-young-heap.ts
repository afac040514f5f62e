import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Both halves together. Starting fills about as much; twice that would be a third of what a sync may hold. */
const ENOUGH_BYTES = 32 * 1024 * 1024;

/**
 * Under load V8 doubles its young generation up to 130 MB, to collect garbage less often; what a follower sync leaves
 * behind fills any size. It stops growing where it has enough, however slowly or quickly the process has started.
 */
export function keepYoungHeapSmall(): void {
  // A thread that begins when growth has stopped could not grow either, from a megabyte; so it begins with enough.
  setFlagsFromString('--min-semi-space-size=8');
  if (stopsGrowing()) return;
  const observer = new PerformanceObserver(() => {
    if (stopsGrowing()) observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}

function stopsGrowing(): boolean {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  if (young !== undefined && young.space_size < ENOUGH_BYTES) return false;
  setFlagsFromString('--semi-space-growth-factor=1');
  return true;
}
