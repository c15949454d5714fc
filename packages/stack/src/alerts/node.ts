import type { Alert } from './alert.js';
import type { AlertContext } from './context.js';
import { level, rising } from './course.js';
import { define, series } from './define.js';

const NODE = { job: 'node', instance: 'node-exporter:9100' } as const;
const DISK = { ...NODE, device: '/dev/vda', fstype: 'ext4', mountpoint: '/' } as const;
/** What holds data: nothing in memory, nothing that is read-only by its nature. */
const FILES = 'job="node",fstype!~"tmpfs|ramfs|squashfs|overlay|iso9660|rootfs"';
const SIZE = 100 * 1024 ** 3;

/** The machine: its disks, memory, CPU and clock. */
export function node(context: AlertContext): Alert[] {
  return [...disks(context), ...machine(context)];
}

function disks(context: AlertContext): Alert[] {
  const share = `node_filesystem_avail_bytes{${FILES}} / node_filesystem_size_bytes{${FILES}}`;
  const free = (part: number) => ({
    [series('node_filesystem_avail_bytes', DISK)]: level(part * SIZE),
    [series('node_filesystem_size_bytes', DISK)]: level(SIZE),
  });
  // Falls so that after the `for` of the alert a day is left until the part that is given.
  const falling = (part: number, from = 0.35) => ({
    [series('node_filesystem_avail_bytes', DISK)]: rising(-((from - part) * SIZE) / 90_000, { from: from * SIZE }),
    [series('node_filesystem_size_bytes', DISK)]: level(SIZE),
  });
  const look = ['df -h; df -i', 'docker system df', 'du -xh --max-depth=2 / 2>/dev/null | sort -h | tail -20'];
  const act = [
    'Images and build caches that nobody uses: `docker system prune`. Never with `--volumes`.',
    'Logs of containers without a cap.',
    'The data itself grows: a shorter `backends.retention`, or a larger disk.',
  ];
  const common = { category: 'database', subject: 'node-disk' } as const;
  return [
    define(context, {
      ...common,
      name: 'NodeDiskFilling',
      severity: 'warning',
      expr: `predict_linear(node_filesystem_avail_bytes{${FILES}}[${context.window(6 * 3600)}], 86400) / node_filesystem_size_bytes{${FILES}} < 0.05 and ${share} < 0.4`,
      forS: 1800,
      summary: 'At this pace {{ $labels.mountpoint }} of {{ $labels.instance }} is full within a day',
      description: 'As it filled in the last six hours.',
      runbook: {
        meaning:
          'Less than 40 % of this file system is free, and as it filled in the last six hours, less than 5 % will be left in a day.',
        impact: 'None yet; see `NodeDiskNearlyFull`.',
        look,
        act,
      },
      levels: {
        series: (part) => falling(part),
        fires: 0.02,
        silent: 0.2,
        windowS: context.windowS(6 * 3600),
        labels: DISK,
      },
      guards: { 'plenty is left': falling(0.02, 0.9) },
    }),
    define(context, {
      ...common,
      name: 'NodeDiskLow',
      severity: 'warning',
      expr: `${share} < 0.15`,
      forS: 600,
      summary: '{{ $value | humanizePercentage }} of {{ $labels.mountpoint }} of {{ $labels.instance }} are free',
      description: 'Logs of the collectors, InfluxDB and Prometheus write there.',
      runbook: {
        meaning: 'Less than 15 % of this file system is free.',
        impact: 'None yet; see `NodeDiskNearlyFull`.',
        look,
        act,
      },
      levels: { series: free, fires: 0.08, silent: 0.5, labels: DISK, shown: '8%' },
    }),
    define(context, {
      ...common,
      name: 'NodeDiskNearlyFull',
      severity: 'critical',
      expr: `${share} < 0.05`,
      forS: 300,
      summary: 'Only {{ $value | humanizePercentage }} of {{ $labels.mountpoint }} of {{ $labels.instance }} are free',
      description: 'When it is full, collectors accept nothing and InfluxDB stops writing.',
      runbook: {
        meaning: 'Less than 5 % of this file system is free.',
        impact:
          'When it is full the collectors whose log is there accept no points, and what they poll is lost after two minutes.',
        look,
        act,
      },
      levels: { series: free, fires: 0.02, silent: 0.1, labels: DISK, shown: '2%' },
    }),
  ];
}

function machine(context: AlertContext): Alert[] {
  const range = context.window(300);
  return [
    define(context, {
      name: 'NodeMemoryLow',
      category: 'performance',
      severity: 'warning',
      expr: 'node_memory_MemAvailable_bytes{job="node"} / node_memory_MemTotal_bytes{job="node"} < 0.1',
      forS: 600,
      summary: 'Only {{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} are available',
      description: 'Soon the kernel kills something.',
      runbook: {
        meaning: 'For ten minutes less than 10 % of the memory has been available.',
        impact: 'Disk caches shrink, so queries get slow; then a process is killed.',
        look: ['free -m; ps aux --sort=-rss | head', 'docker stats --no-stream'],
        act: [
          'See who grew: InfluxDB with its caches mostly. Limits are in the stack file.',
          'Move something to another machine.',
        ],
      },
      levels: {
        series: (share) => ({
          [series('node_memory_MemAvailable_bytes', NODE)]: level(share * SIZE),
          [series('node_memory_MemTotal_bytes', NODE)]: level(SIZE),
        }),
        fires: 0.04,
        silent: 0.3,
        labels: NODE,
        shown: '4%',
      },
    }),
    define(context, {
      name: 'NodeCpuHigh',
      category: 'performance',
      severity: 'warning',
      expr: `1 - avg by (instance) (rate(node_cpu_seconds_total{job="node",mode="idle"}[${range}])) > 0.9`,
      forS: 900,
      summary: 'The CPUs of {{ $labels.instance }} are {{ $value | humanizePercentage }} busy',
      description: 'Averaged over all of them.',
      runbook: {
        meaning: 'For fifteen minutes the CPUs have been more than 90 % busy, all modes but idle.',
        impact: 'Everything on this machine is slow; collectors may miss heartbeats.',
        look: ['top -b -n1 | head -20', 'docker stats --no-stream'],
        act: ['Much `steal`: the hypervisor is overbooked.', 'Else move something away, or see what grew.'],
      },
      levels: {
        series: (busy) => ({
          [series('node_cpu_seconds_total', { ...NODE, cpu: '0', mode: 'idle' })]: rising(1 - busy),
        }),
        fires: 0.97,
        silent: 0.5,
        windowS: context.windowS(300),
        holds: 'window',
        labels: { instance: NODE.instance },
        shown: '97%',
      },
    }),
    define(context, {
      name: 'NodeClockNotSynchronised',
      category: 'performance',
      severity: 'warning',
      expr: 'node_timex_sync_status{job="node"} == 0 and node_timex_maxerror_seconds{job="node"} >= 16',
      forS: 900,
      summary: 'The clock of {{ $labels.instance }} is not synchronised',
      description: 'Timestamps of points come from the clocks of the collectors.',
      runbook: {
        meaning: 'The kernel says that nothing has set the clock for hours.',
        impact: 'Points carry wrong times, and are not where the same turn of another collector is.',
        look: ['timedatectl; chronyc tracking', 'date -u'],
        act: ['Start chrony or systemd-timesyncd, and let it reach its servers.'],
      },
      levels: {
        series: (status) => ({
          [series('node_timex_sync_status', NODE)]: level(status),
          [series('node_timex_maxerror_seconds', NODE)]: level(16),
        }),
        fires: 0,
        silent: 1,
        labels: NODE,
      },
      guards: {
        'its error is small yet': {
          [series('node_timex_sync_status', NODE)]: level(0),
          [series('node_timex_maxerror_seconds', NODE)]: level(2),
        },
      },
    }),
  ];
}
