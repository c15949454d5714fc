import { describe, expect, it } from 'vitest';
import { isStorage, Runs, startOf } from './epoch.js';

const page = (start: string, cpu: string, mallocs = '1000') =>
  `# HELP x\nprocess_cpu_seconds_total ${cpu}\ngo_memstats_mallocs_total ${mallocs}\nprocess_start_time_seconds ${start}\n`;
const look = (runs: Runs, metrics: string) => runs.ask()(metrics);

describe('the runs of a server', () => {
  it('have the same number while it goes on, and another when it started again', () => {
    const runs = new Runs();
    expect(look(runs, page('1795332181', '0.1'))).toBe(1_795_332_181_000_000);
    expect(look(runs, page('1795332181', '0.2'))).toBe(1_795_332_181_000_000);
    expect(look(runs, page('1795332182', '0.1'))).toBe(1_795_332_182_000_000);
  });

  it('reads numbers as Go writes them', () => {
    expect(look(new Runs(), page('1.79533218071e+09', '0'))).toBe(1_795_332_180_710_000);
    expect(look(new Runs(), 'process_start_time_seconds{job="x"} 1.5\n')).toBe(1_500_000);
  });

  it.each(['', 'process_start_time_seconds \n', 'process_start_time_seconds x\n', page('0', '1'), page('-5', '1')])(
    'have no number where the page does not say: %j',
    (metrics) => {
      expect(look(new Runs(), metrics)).toBeUndefined();
    },
  );

  it('differ within the same second, when a counter went backwards', () => {
    const runs = new Runs();
    const first = look(runs, page('1795332181', '0.2', '5000'));
    expect(look(runs, page('1795332181', '0.1', '6000'))).not.toBe(first);
    const second = look(runs, page('1795332181', '0.1', '7000'));
    expect(second).not.toBe(first);
    const third = look(runs, page('1795332181', '0.3', '100'));
    expect(new Set([first, second, third]).size).toBe(3);
    expect(look(runs, page('1795332181', '0.3', '100'))).toBe(third);
    expect(look(runs, page('1795332190', '0.1', '50'))).toBe(1_795_332_190_000_000);
  });

  it.each([
    ['process_io_read_syscalls_total', true],
    ['go_gc_cycles_total{job="x"}', true],
    ['process_network_receive_bytes_total', false],
    ['process_resident_memory_bytes', false],
  ])('differ by %s: %s', (name, isCounter) => {
    const runs = new Runs();
    const first = look(runs, `${name} 9\n${page('1795332181', '0.2')}`);
    expect(look(runs, `${name} 5\n${page('1795332181', '0.3')}`) !== first).toBe(isCounter);
  });

  it('differ where the server counts this question and the number did not grow, though no counter went backwards', () => {
    const asked = (count: number, cpu: string) =>
      `vm_http_requests_total{path="/metrics"} ${count}\n${page('1795332181', cpu)}`;
    const runs = new Runs();
    const first = look(runs, asked(1, '0.05'));
    // VictoriaMetrics shows the same page for a second.
    expect(look(runs, asked(1, '0.05'))).toBe(first);
    expect(look(runs, asked(3, '0.06'))).toBe(first);
    const second = look(runs, asked(1, '0.07'));
    expect(second).not.toBe(first);
    const third = look(runs, asked(1, '0.08'));
    expect(new Set([first, second, third]).size).toBe(3);
  });

  it('come again where more restarts show within one second than there can be', () => {
    const runs = new Runs();
    const seen: unknown[] = [];
    for (let turn = 0; turn < 20; turn++) seen.push(look(runs, page('1795332181', turn % 2 === 0 ? '9' : '5')));
    expect(new Set(seen).size).toBe(4);
  });

  it('count one restart once, in whatever order answers come back', () => {
    const runs = new Runs();
    const first = look(runs, page('1795332181', '0.5'));
    const [early, late] = [runs.ask(), runs.ask()];
    const lateSays = late(page('1795332181', '0.2'));
    expect(lateSays).not.toBe(first);
    expect(early(page('1795332181', '0.1'))).toBe(lateSays);
    expect(look(runs, page('1795332181', '0.3'))).toBe(lateSays);
  });

  it('do not take an answer that was overtaken for a restart', () => {
    const runs = new Runs();
    const first = look(runs, page('1795332181', '0.5'));
    const slow = runs.ask();
    expect(look(runs, page('1795332181', '0.9'))).toBe(first);
    expect(slow(page('1795332181', '0.6'))).toBe(first);
    expect(look(runs, page('1795332181', '0.95'))).toBe(first);
  });

  it('go on when a counter disappears', () => {
    const runs = new Runs();
    const first = look(runs, page('1795332181', '0.5'));
    expect(look(runs, 'process_start_time_seconds 1795332181\n')).toBe(first);
  });
});

describe('the start in /debug/vars', () => {
  const vars = (started: string) =>
    `{\n"system": {"currentTime":"2026-11-22T07:23:03.72Z","started":"${started}","uptime":2},\n"cmdline": ["influxd"],\n`;

  it.each([
    ['2026-11-22T07:23:01.060966286Z', Date.UTC(2026, 10, 22, 7, 23, 1) * 1000 + 60_966],
    ['2026-11-22T07:23:01.5Z', Date.UTC(2026, 10, 22, 7, 23, 1) * 1000 + 500_000],
    ['2026-11-22T07:23:01Z', Date.UTC(2026, 10, 22, 7, 23, 1) * 1000],
    ['2026-11-22T08:23:01.000001+01:00', Date.UTC(2026, 10, 22, 7, 23, 1) * 1000 + 1],
  ])('%s is read to the microsecond', (started, us) => {
    expect(startOf(vars(started))).toBe(us);
  });

  it.each(['', '{}', vars('yesterday'), vars('2026-99-22T07:23:01Z'), '{"started":"2026-11-22T07:23:01Z"}'])(
    'is not made up: %j',
    (text) => {
      expect(startOf(text)).toBeUndefined();
    },
  );
});

it('knows who keeps the data from who passes it on', () => {
  expect(isStorage('vm_app_version{version=""} 1\nvm_data_size_bytes{type="storage/big"} 0\n')).toBe(true);
  expect(isStorage('vm_app_version{version="vminsert"} 1\nvm_rpc_rows_sent_total{} 5\n')).toBe(false);
});
