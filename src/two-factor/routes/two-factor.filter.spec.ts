import { describe, expect, it } from '@jest/globals';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { firstValueFrom, type Observable } from 'rxjs';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorExceptionFilter } from './two-factor.filter.js';

const exception = new TwoFactorException('UNAUTHORIZED', { bearerError: '' });
const BODY = { message: 'Unauthorized', code: 'UNAUTHORIZED' };

const caught = (type: string, args: unknown[]) => {
  const context = new ExecutionContextHost(args);
  context.setType(type);
  return new TwoFactorExceptionFilter({} as never).catch(exception, context);
};

describe('a TwoFactorException', () => {
  it('is an event for a client of Socket.IO', () => {
    const emitted: unknown[] = [];
    caught('ws', [{ emit: (...event: unknown[]) => emitted.push(...event) }, {}, 'pay']);
    expect(emitted).toEqual(['exception', { status: 'error', ...BODY, cause: { pattern: 'pay' } }]);
  });

  it('is JSON for a client of ws, whose emit would stay in the process', () => {
    const sent: string[] = [];
    const client = { readyState: 1, send: (text: string) => sent.push(text), emit: () => expect(true).toBe(false) };
    caught('ws', [client, {}, 'pay']);
    const data = { status: 'error', ...BODY, cause: { pattern: 'pay' } };
    expect(sent.map((text) => JSON.parse(text) as unknown)).toEqual([{ event: 'exception', data }]);
  });

  it('is an error of the stream for a microservice', async () => {
    const stream = caught('rpc', [{}, {}]) as Observable<unknown>;
    await expect(firstValueFrom(stream)).rejects.toEqual({ status: 'error', ...BODY });
  });

  it('is thrown on for GraphQL, which reads its extensions', () => {
    expect(() => caught('graphql', [{}, {}, {}, {}])).toThrow(exception);
    expect(exception.extensions).toEqual({ code: 'UNAUTHORIZED' });
  });
});
