export { countActivity } from './activity.ts';
export { startAlarms } from './alarms/start-alarms.ts';
export { logEvents } from './logs.ts';
export { openMetrics } from './metrics/metrics.ts';
export { metricsEndpoint } from './metrics/metrics-endpoint.ts';
