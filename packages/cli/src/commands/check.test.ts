import { unlink, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breakwater } from '../io.suite.js';
import { StackFolder } from './stack-folder.suite.js';

const RULE = (expr: string) => `groups:
  - name: mine
    rules:
      - alert: Mine
        expr: ${expr}
        for: 5m
        labels: { severity: warning }
        annotations: { summary: s, description: d, runbook_url: "https://example.test/r#mine" }
`;

describe('breakwater check', { timeout: 180_000 }, () => {
  let folder: StackFolder;
  beforeAll(async () => {
    folder = await StackFolder.rendered();
  }, 180_000);
  afterAll(() => folder[Symbol.asyncDispose]());

  it('names a file that is missing, and one that does not fit, with line and what to write', async () => {
    const missing = await folder.read('docker-compose.yml');
    const proxy = await folder.read('haproxy/haproxy.cfg');
    await unlink(folder.at('docker-compose.yml'));
    await folder.change('haproxy/haproxy.cfg', 'server-template collector 1-21', 'server-template collector 1-5');
    const { code, printed, said } = await breakwater('check', '--file', folder.file);
    await writeFile(folder.at('docker-compose.yml'), missing);
    await writeFile(folder.at('haproxy/haproxy.cfg'), proxy);
    expect(code).toBe(1);
    expect(printed).toContain('docker-compose.yml: error: is missing; breakwater generate writes it [rendered]\n');
    expect(printed).toMatch(/^haproxy\/haproxy\.cfg:\d+: error: .*\b5\b.*21.* \[[\w-]+\]$/m);
    expect(said).toMatch(/^\d+ errors, \d+ warnings?\n$/);
  });

  it('prints the findings for programs', async () => {
    await folder.change('prometheus/prometheus.yml', 'job_name: redis', 'job_name: rediss');
    const { code, printed, said } = await breakwater('check', '--file', folder.file, '--json');
    await folder.change('prometheus/prometheus.yml', 'job_name: rediss', 'job_name: redis');
    expect([code, said]).toEqual([1, '']);
    const [first] = JSON.parse(printed).findings;
    expect(Object.keys(first).sort()).toEqual(['check', 'file', 'fix', 'line', 'message', 'severity']);
  });

  it('checks files of a user against a saved metrics page', async () => {
    await writeFile(folder.at('page.txt'), '# TYPE queue_jobs gauge\nqueue_jobs{queue="mail"} 3\n');
    await writeFile(folder.at('mine.yml'), RULE('sum by (queue) (queue_jobs) > 5'));
    const args = ['check', '--rules', folder.at('mine.yml'), '--metrics-page', folder.at('page.txt')];
    expect(await breakwater(...args)).toMatchObject({ code: 0 });
    await writeFile(folder.at('mine.yml'), RULE('sum by (queue) (queue_job) > 5'));
    const { code, printed } = await breakwater(...args);
    expect(code).toBe(1);
    expect(printed).toMatch(/mine\.yml:5: error: .*queue_job\b.*queue_jobs/);
  });

  it('takes whatever the libraries can export beside a page of a user, and what the collector exports in a stack', async () => {
    await writeFile(folder.at('page.txt'), '# TYPE queue_jobs gauge\nqueue_jobs{queue="mail"} 3\n');
    await writeFile(folder.at('mine.yml'), RULE('rate(retry_calls_total[5m]) > 5'));
    const rules = ['check', '--rules', folder.at('mine.yml')];
    expect(await breakwater(...rules, '--metrics-page', folder.at('page.txt'))).toMatchObject({ code: 0 });
    const { code, printed } = await breakwater(...rules, '--file', folder.file);
    expect(code).toBe(1);
    expect(printed).toMatch(/mine\.yml:5: error: .*retry_calls_total, a metric of the library @breakwater\/resilience/);
  });

  it('cannot say which metrics are emitted without a page or a stack file', async () => {
    await writeFile(folder.at('mine.yml'), RULE('sum by (queue) (queue_job) > 5'));
    const { code, printed } = await breakwater('check', '--rules', folder.at('mine.yml'));
    expect({ code, printed }).toEqual({ code: 0, printed: '' });
  });

  it('finds what does not fit across two files of a user', async () => {
    await writeFile(
      folder.at('mine.cfg'),
      'defaults\n  mode http\nbackend collectors\n  server-template c 1-5 network-telemetry:8080 check\n',
    );
    const manifests = folder.at('k8s/telemetry-deployment.yaml');
    const { code, printed } = await breakwater('check', '--haproxy', folder.at('mine.cfg'), '--manifests', manifests);
    expect(code).toBe(1);
    expect(printed).toMatch(/mine\.cfg:4: error: .*\[proxy-slots-kubernetes\]/);
  });

  it('says in words what cannot be read', async () => {
    await writeFile(folder.at('broken.txt'), 'not a page\n');
    const page = ['--metrics-page', folder.at('broken.txt')];
    const broken = await breakwater('check', '--rules', folder.at('mine.yml'), ...page);
    expect(broken).toEqual({
      code: 1,
      printed: '',
      said: expect.stringContaining(`${folder.at('broken.txt')}:1: `),
    });
    expect(await breakwater('check', '--rules', folder.at('none.yml'))).toMatchObject({ code: 1, printed: '' });
    await writeFile(folder.at('broken.yml'), 'a: [1\n');
    expect((await breakwater('check', '--rules', folder.at('broken.yml'))).printed).toContain('this is no YAML');
    expect(await breakwater('check', ...page)).toMatchObject({ code: 2 });
    expect(await breakwater('check', '--rule', 'x')).toMatchObject({ code: 2 });
  });
});
