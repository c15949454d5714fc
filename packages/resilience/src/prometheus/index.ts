export { exportMetrics, type MetricsExport } from './export-metrics.js';
export type { MetricRegistry } from './exporter.js';
