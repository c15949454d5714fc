import { describe, expect, it } from 'vitest';
import { TlsSessions } from './tls-sessions.js';

describe('TlsSessions', () => {
  it('keeps the last session of each server, and of so many servers', () => {
    const sessions = new TlsSessions(2);
    sessions.set('a', Buffer.from('1'));
    sessions.set('b', Buffer.from('2'));
    sessions.set('a', Buffer.from('3'));
    sessions.set('c', Buffer.from('4'));
    expect(sessions.get('a')?.toString()).toBe('3');
    expect(sessions.get('b')).toBeUndefined();
    expect(sessions.get('c')?.toString()).toBe('4');
    sessions.delete('a');
    expect(sessions.get('a')).toBeUndefined();
  });
});
