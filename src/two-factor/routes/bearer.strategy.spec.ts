import { describe, expect, it } from '@jest/globals';
import passport from 'passport';
import { BearerStrategy } from './bearer.strategy.js';

/** A request as Express and Fastify hand it to passport. */
interface Carrying {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly query?: unknown;
}

/** @returns the token that the strategy found, false when it found none */
function find(strategy: BearerStrategy, { headers = {}, ...rest }: Carrying): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const answered = (error: unknown, token: unknown) => (error ? reject(error) : resolve(token));
    const middleware: (request: object, response: object, next: () => void) => void = passport.authenticate(
      strategy.name,
      { session: false },
      answered,
    );
    middleware({ headers, ...rest }, {}, () => reject(new Error('Passport passed the request on')));
  });
}

describe('the bearer token', () => {
  const strategy = new BearerStrategy();

  it.each(['Bearer', 'bearer', 'BEARER'])('is read after the scheme %s', async (scheme) => {
    expect(await find(strategy, { headers: { authorization: `${scheme} tfs_x` } })).toBe('tfs_x');
  });

  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['the scheme alone', 'Bearer'],
    ['the scheme and a blank', 'Bearer '],
    ['two blanks', 'Bearer  tfs_x'],
    ['two tokens', 'Bearer tfs_x tfs_y'],
    ['another scheme', 'Basic dGZzX3g='],
    ['no scheme', 'tfs_x'],
    ['a blank in front', ' Bearer tfs_x'],
    ['a list of schemes', 'Basic x, Bearer tfs_x'],
  ])('is absent with %s', async (_, authorization) => {
    expect(await find(strategy, { headers: authorization === undefined ? {} : { authorization } })).toBe(false);
  });

  it.each<[where: string, request: Carrying]>([
    ['a body', { body: { access_token: 'tfs_x' } }],
    ['a query', { query: { access_token: 'tfs_x' } }],
    ['body and query', { body: { access_token: 'tfs_x' }, query: { access_token: 'tfs_x' } }],
    ['another header', { headers: { access_token: 'tfs_x', 'x-access-token': 'tfs_x' } }],
    ['a cookie', { headers: { cookie: 'access_token=tfs_x' } }],
  ])('is never read from %s', async (_, request) => {
    expect(await find(strategy, request)).toBe(false);
  });

  it('is read from the header, whatever body and query contain', async () => {
    const request = {
      headers: { authorization: 'Bearer tfs_x' },
      body: { access_token: 'tfs_y' },
      query: { access_token: 'tfs_z' },
    };
    expect(await find(strategy, request)).toBe('tfs_x');
  });

  it('is looked up under a separate strategy name by every module of a process', () => {
    const names = [strategy, new BearerStrategy(), new BearerStrategy()].map(({ name }) => name);
    expect(new Set(names).size).toBe(3);
  });
});
