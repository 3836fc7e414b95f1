import { describe, expect, it } from '@jest/globals';
import { parseAuthChallenge } from './auth-params.js';

const read = (header: string) => {
  const { scheme, parameters } = parseAuthChallenge(header);
  return [scheme, ...parameters];
};

describe('the parser of authentication challenges', () => {
  it.each([
    ['Bearer', ['Bearer']],
    ['Bearer realm="a b"', ['Bearer', ['realm', 'a b']]],
    ['Bearer Realm=a', ['Bearer', ['realm', 'a']]],
    ['Bearer a="1", b="2"', ['Bearer', ['a', '1'], ['b', '2']]],
    ['Bearer a = "1" ,b=2', ['Bearer', ['a', '1'], ['b', '2']]],
    [String.raw`Bearer a="\"q\" \\"`, ['Bearer', ['a', String.raw`"q" \ `.trim()]]],
    ['Bearer a=""', ['Bearer', ['a', '']]],
  ])('reads %s', (header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  it.each([
    '',
    'Bearer ',
    'Bearer a',
    'Bearer a=',
    'Bearer a="1',
    'Bearer a="1" b="2"',
    'Bearer a="1",',
    'Bearer a="1", a="2"',
    'Bearer a="1"x',
    'Bearer a="ü"\n',
    'Bearer a=mfa phr',
    'Bearer, a="1"',
  ])('refuses %p', (header) => {
    expect(() => parseAuthChallenge(header)).toThrow(SyntaxError);
  });
});
