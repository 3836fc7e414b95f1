import { describe, expect, it } from '@jest/globals';
import { ownOrigins } from './own-origins.js';

describe('ownOrigins', () => {
  it.each([
    ['http://localhost:3001', ['http://localhost:3001', 'http://127.0.0.1:3001']],
    ['http://127.0.0.1:3001', ['http://localhost:3001', 'http://127.0.0.1:3001']],
    ['http://localhost', ['http://localhost', 'http://127.0.0.1']],
    ['https://localhost:8443', ['https://localhost:8443', 'https://127.0.0.1:8443']],
  ])('returns the origins of both loopback names for the base URL %s', (baseUrl, origins) => {
    expect(ownOrigins({ baseUrl, production: false })).toEqual(origins);
  });

  it.each(['https://auth.example.com', 'http://localhost.example.com', 'http://192.0.2.7:3001'])(
    'returns no origins for the base URL %s',
    (baseUrl) => {
      expect(ownOrigins({ baseUrl, production: false })).toEqual([]);
    },
  );

  it('returns no origins in production', () => {
    expect(ownOrigins({ baseUrl: 'http://localhost:3001', production: true })).toEqual([]);
  });
});
