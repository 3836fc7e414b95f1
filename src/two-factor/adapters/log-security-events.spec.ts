import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LogSecurityEvents } from './log-security-events.js';

describe('LogSecurityEvents', () => {
  const lines: Array<readonly [level: string, line: unknown]> = [];

  beforeEach(() => {
    lines.length = 0;
    for (const level of ['log', 'warn', 'error'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => void lines.push([level, line]));
    }
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([
    ['log', 'two-factor.verified'],
    ['warn', 'two-factor.locked'],
    ['error', 'two-factor.secret-unreadable'],
  ] as const)('writes at level %s the event %s', (level, name) => {
    const origin = { ip: '192.0.2.7', sessionId: 'session', requestId: 'request' };
    new LogSecurityEvents().emit({ name, accountId: 'ada', ...origin, userAgent: 'curl', details: { factor: 'totp' } });
    expect(lines).toEqual([[level, { event: name, accountId: 'ada', ...origin, factor: 'totp' }]]);
  });
});
