import { describe, expect, it } from 'vitest';
import { parseResolvConf } from './resolv-conf.js';

describe('parseResolvConf', () => {
  it('has the defaults of glibc where the file says nothing', () => {
    expect(parseResolvConf('')).toEqual({
      servers: ['127.0.0.1'],
      search: [],
      ndots: 1,
      timeoutMs: 5000,
      attempts: 2,
      rotate: false,
    });
  });

  it('reads what Kubernetes writes', () => {
    const text =
      'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n';
    expect(parseResolvConf(text)).toMatchObject({
      servers: ['10.96.0.10'],
      search: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
    });
  });

  it('takes the first three name servers that are addresses', () => {
    const text =
      'nameserver 10.0.0.1\nnameserver nonsense\nnameserver\nnameserver 2001:db8::2\n' +
      'nameserver\tfe80::1%eth0\nnameserver 10.0.0.4\n';
    expect(parseResolvConf(text).servers).toEqual(['10.0.0.1', '2001:db8::2', 'fe80::1%eth0']);
  });

  it('lets the last of domain and search win', () => {
    expect(parseResolvConf('search a.test b.test\ndomain c.test d.test').search).toEqual(['c.test']);
    expect(parseResolvConf('domain c.test\nsearch a.test\tb.test').search).toEqual(['a.test', 'b.test']);
    expect(parseResolvConf('search a.test\nsearch').search).toEqual(['a.test']);
  });

  it('searches the domain of the machine where there is neither', () => {
    expect(parseResolvConf('nameserver 10.0.0.1', 'web-1.fra.example').search).toEqual(['fra.example']);
    expect(parseResolvConf('search a.test', 'web-1.fra.example').search).toEqual(['a.test']);
    for (const hostname of ['web-1', 'web-1.', '']) expect(parseResolvConf('', hostname).search).toEqual([]);
  });

  it('writes suffixes in lower case and without dots at their ends; a dot alone is the name as it is', () => {
    expect(parseResolvConf('search A.Test. .b.test .').search).toEqual(['a.test', 'b.test', '']);
  });

  it('takes at most 32 suffixes', () => {
    const many = Array.from({ length: 40 }, (_, index) => `d${index}.test`);
    expect(parseResolvConf(`search ${many.join(' ')}`).search).toEqual(many.slice(0, 32));
  });

  it('keeps options within the limits of glibc', () => {
    expect(parseResolvConf('options ndots:99 timeout:99 attempts:99')).toMatchObject({
      ndots: 15,
      timeoutMs: 30_000,
      attempts: 5,
    });
    expect(parseResolvConf('options ndots:0 timeout:0 attempts:0')).toMatchObject({
      ndots: 0,
      timeoutMs: 1000,
      attempts: 1,
    });
  });

  it('adds up options over lines and skips those it does not know', () => {
    const conf = parseResolvConf('options edns0 rotate\noptions trust-ad timeout:2 ndots:x\noptions attempts:3');
    expect(conf).toMatchObject({ rotate: true, timeoutMs: 2000, attempts: 3, ndots: 1 });
  });

  it('leaves out comments and lines that start with a blank', () => {
    const text = '# nameserver 10.0.0.1\n; nameserver 10.0.0.2\n nameserver 10.0.0.3\nnameserver 10.0.0.4\r\n';
    expect(parseResolvConf(text).servers).toEqual(['10.0.0.4']);
  });
});
