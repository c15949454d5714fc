import { ConfigError } from '@breakwater/resilience';
import { describe, expect, it } from 'vitest';
import { MemoryBackend } from './memory-backend.suite.js';
import { spoolSettings } from './settings.js';

const MIB = 1024 * 1024;

describe('the settings of a spool', () => {
  const a = new MemoryBackend('http://a:8086');
  const settings = (options = {}) => spoolSettings({ directory: '/spool', backends: [a], ...options });

  it.each([
    [undefined, 16 * MIB],
    [MIB, MIB / 8],
    [1024 * 1024 * MIB, 256 * MIB],
  ])('makes segments of a log of %s bytes %i bytes large', (maxBytes, segmentBytes) => {
    expect(settings(maxBytes === undefined ? {} : { maxBytes }).segmentBytes).toBe(segmentBytes);
  });

  it.each([
    [{ backends: [] }, 'no backend'],
    [{ backends: [a, new MemoryBackend(a.id)] }, 'http://a:8086 is given twice'],
    [{ maxBytes: 1_000 }, 'maxBytes is 1000; it must be at least 1048576'],
    [{ maxBytes: Number.NaN }, 'maxBytes is NaN'],
    [{ maxAgeMs: 0 }, 'maxAgeMs is 0'],
    [{ segmentBytes: 1 }, 'segmentBytes is 1'],
  ])('refuses %j', (options, words) => {
    expect(() => settings(options)).toThrow(ConfigError);
    expect(() => settings(options)).toThrow(words);
  });
});
