import { describe, expect, it } from 'vitest';
import { messageOf, secretsIn, shortLine } from './words.js';

describe('a short line', () => {
  it('has no control characters, no line ends and no more than 200 characters', () => {
    expect(shortLine(' a\r\n\tb\u0000\u001b[31mc\u2028d\u202ee\u200b ', [])).toBe('a b [31mc d e');
    expect(shortLine('x'.repeat(300), [])).toBe(`${'x'.repeat(200)}…`);
    expect(shortLine('x'.repeat(200), [])).toBe('x'.repeat(200));
  });

  it('ends with no half of a character', () => {
    expect(shortLine(`${'x'.repeat(199)}\u{1f4a1}${'y'.repeat(50)}`, [])).toBe(`${'x'.repeat(199)}…`);
    expect(shortLine('a\ud800b', [])).toBe('ab');
  });

  it('has no token: as it is, as Basic authentication sends it, or its password alone', () => {
    const secrets = secretsIn('writer:pa55 word');
    const basic = Buffer.from('writer:pa55 word').toString('base64');
    const line = shortLine(`Basic ${basic} is writer:pa55 word, is pa55 word`, secrets);
    expect(line).toBe('Basic [secret] is [secret], is [secret]');
    expect(shortLine('T0ken== twice T0ken==', secretsIn('T0ken=='))).toBe('[secret] twice [secret]');
  });

  it('keeps words that only look like a short password, and does well without a token', () => {
    expect(shortLine('unable to parse', secretsIn('u:a'))).toBe('unable to parse');
    expect(secretsIn('')).toEqual([]);
  });
});

describe('the message of an answer', () => {
  it.each([
    ['application/json', '{"error":"1.x says this"}', '1.x says this'],
    ['application/json', '{"code":"invalid","message":"2.x says this"}', '2.x says this'],
    ['application/json', '{"error":7}', '{"error":7}'],
    ['application/json', 'null', 'null'],
    ['application/json', '{"error":"cut in the mid', 'cut in the mid'],
    ['text/plain', 'as it is', 'as it is'],
    ['text/html; charset=utf-8', '<html>anything', 'an HTML page'],
    ['application/xhtml+xml', '<html>anything', 'an HTML page'],
  ])('of %s, %s, is %s', (contentType, body, message) => {
    expect(messageOf(contentType, body)).toBe(message);
  });
});
