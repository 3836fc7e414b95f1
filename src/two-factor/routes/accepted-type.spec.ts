import { describe, expect, it } from '@jest/globals';
import { acceptedType } from './accepted-type.js';

const OFFERED = ['image/svg+xml', 'image/png'] as const;

describe('acceptedType', () => {
  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['any type', '*/*'],
    ['any image', 'image/*'],
    ['the first', 'image/svg+xml'],
    ['both alike', 'image/png, image/svg+xml'],
    ['what a browser sends for an image', 'image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5'],
    ['a client of JSON', 'application/json, text/plain, */*'],
    ['neither', 'application/json'],
    ['the second, refused', 'image/png;q=0, */*'],
    ['the second with a malformed weight', 'image/png;q=x'],
    ['nonsense', ';,;q=1,/'],
  ])('returns the first type when the header is: %s', (_, accept) => {
    expect(acceptedType(accept, OFFERED)).toBe('image/svg+xml');
  });

  it.each([
    ['the second', 'image/png'],
    ['the second in capitals', 'IMAGE/PNG'],
    ['the second above any other', 'image/png, */*;q=0.1'],
    ['the second above the first', 'image/svg+xml;q=0.5, image/png;q=0.6'],
    ['the first, refused', 'image/svg+xml;q=0, image/*'],
  ])('returns the second type when the header is: %s', (_, accept) => {
    expect(acceptedType(accept, OFFERED)).toBe('image/png');
  });
});
