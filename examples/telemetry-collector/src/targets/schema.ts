import { z } from 'zod';
import {
  address,
  dnsName,
  duration,
  headers,
  host,
  labels,
  limit,
  port,
  size,
  targetName,
  url,
  variable,
} from './fields.js';
import { DNS_TYPES, SNMP_AUTH_PROTOCOLS, SNMP_PRIV_PROTOCOLS, SNMP_TABLES } from './target.js';

/** The shape of a targets file. What depends on several places in it (defaults, unique names, secrets) stands in `resolve.ts`. */

export const MAX_TARGETS = 100_000;
export const MAX_FILE_BYTES = 16 * 1024 * 1024;

const DAY_MS = 86_400_000;
const interval = duration(1000, DAY_MS).describe('How often to poll: 1s to 24h. Default 10s');
const timeout = duration(10, DAY_MS).describe('When a poll has failed: 10ms up to the interval. Default 5s');

const common = {
  name: targetName,
  interval: interval.optional(),
  timeout: timeout.optional(),
  labels: labels.optional(),
  limit: limit.optional(),
};

const statusRange = z
  .string()
  .regex(/^[1-5]xx$/, 'is no status; write a number such as 200, or a class such as 2xx')
  .transform((text) => ({ from: Number(text[0]) * 100, to: Number(text[0]) * 100 + 99 }));
const status = z.union([
  z
    .int()
    .min(100)
    .max(599)
    .transform((code) => ({ from: code, to: code })),
  statusRange,
]);

const http = z
  .strictObject({
    ...common,
    probe: z.literal('http'),
    url,
    method: z.enum(['GET', 'HEAD']).default('GET'),
    headers: headers.optional(),
    expectStatus: z
      .union([status.transform((range) => [range]), z.array(status).min(1).max(16)])
      .prefault('2xx')
      .describe('A status, a class such as 2xx, or a list of them. Default 2xx'),
    expectBody: z.string().min(1).max(1024).optional().describe('Text that the body must contain'),
    maxRedirects: z.int().min(0).max(10).default(5),
    maxBody: size(64 * 1024 ** 2)
      .prefault('1MiB')
      .describe('A longer body is an error. Default 1MiB'),
  })
  .describe('Requests a page: status, phases of the time, size');

const tcp = z
  .strictObject({ ...common, probe: z.literal('tcp'), host, port })
  .describe('Connects to a port, and closes');

const dns = z
  .strictObject({
    ...common,
    probe: z.literal('dns'),
    server: address,
    port: port.default(53),
    query: dnsName.describe('The name to ask for'),
    type: z.enum(DNS_TYPES).default('A'),
    expectAnswer: z
      .array(z.string().min(1).max(255))
      .max(16)
      .default([])
      .describe('Each must be among the answers. Default: any answer will do'),
  })
  .describe('Asks a name server');

const prometheus = z
  .strictObject({
    ...common,
    probe: z.literal('prometheus'),
    url,
    headers: headers.optional(),
    keep: z
      .array(
        z
          .string()
          .max(256)
          .regex(/^[A-Za-z0-9_:*]+$/, 'is no pattern of series names; use letters, digits, "_", ":" and "*"'),
      )
      .min(1, 'is empty; leave it out to keep all')
      .max(64)
      .default(['*'])
      .describe('Patterns of the series to keep, "*" for any characters. Default: all'),
    maxSeries: z.int().min(1).max(100_000).default(10_000).describe('More kept series are an error. Default 10000'),
    maxBody: size(64 * 1024 ** 2)
      .prefault('16MiB')
      .describe('A longer page is an error. Default 16MiB'),
  })
  .describe('Scrapes a page of Prometheus metrics');

const walk = z
  .array(
    z.union([
      z.enum(SNMP_TABLES),
      z
        .string()
        .max(512)
        .regex(
          /^[0-2](?:\.\d{1,10}){2,127}$/,
          `is neither an object identifier such as 1.3.6.1.2.1.2.2 nor one of ${SNMP_TABLES.join(', ')}`,
        ),
    ]),
  )
  .max(16)
  .refine((tables) => new Set(tables).size === tables.length, 'names a table twice')
  .default(['ifTable'])
  .describe('Tables to walk: ifTable, ifXTable, or object identifiers. Default: ifTable');

const snmpCommon = { ...common, probe: z.literal('snmp'), host, port: port.default(161), walk };

const snmp2c = z
  .strictObject({ ...snmpCommon, version: z.literal('2c'), communityFrom: variable })
  .describe('SNMP v2c: the community goes over the network in clear');

const snmp3 = z
  .strictObject({
    ...snmpCommon,
    version: z.literal([3, '3']),
    user: z.string().min(1).max(32),
    context: z.string().min(1).max(32).optional(),
    auth: z.strictObject({ protocol: z.enum(SNMP_AUTH_PROTOCOLS), keyFrom: variable }),
    priv: z.strictObject({ protocol: z.enum(SNMP_PRIV_PROTOCOLS), keyFrom: variable }),
  })
  .describe('SNMP v3 with authentication and privacy (authPriv)');

const machine = z
  .strictObject({ ...common, probe: z.literal('host') })
  .describe('Measures the machine that the collector runs on');

/** One entry of the list. */
export const targetSchema = z.discriminatedUnion('probe', [
  http,
  tcp,
  dns,
  prometheus,
  z.discriminatedUnion('version', [snmp2c, snmp3]),
  machine,
]);

export const defaultsSchema = z
  .strictObject({
    interval: interval.optional(),
    timeout: timeout.optional(),
    labels: labels.optional(),
    limit: limit.optional(),
  })
  .describe('What a target does not say itself. Labels of a target are added to these');

/** Everything of the file but the entries of the list. */
export const headerSchema = z.strictObject({
  apiVersion: z.literal('breakwater/v1'),
  kind: z.literal('Targets'),
  defaults: defaultsSchema.optional(),
  targets: z.array(z.unknown()),
});

/** The whole file: what the editor schema is made of. */
export const targetsFileSchema = headerSchema.extend({
  targets: z.array(targetSchema).max(MAX_TARGETS).describe('May be empty'),
});

export type TargetEntry = z.output<typeof targetSchema>;
export type TargetDefaults = z.output<typeof defaultsSchema>;
