import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { FieldSchema } from '../support/openapi.js';
import { TRUSTED_ORIGIN as TRUSTED } from '../support/service.js';

/** Values of the wrong type, or values that resemble a valid one. */
const junk: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown[]>(
    ...[null, true, false, 0, -1, 123_456, 1e308, 0.1],
    ...[
      '',
      ' ',
      '0',
      'x'.repeat(5000),
      '123456',
      '１２３４５６',
      '\u0661\u0662\u0663\u0664\u0665\u0666',
      'totp',
      'sms',
    ],
    ...['\u0000', 'a\u0000b', '\ud800', 'password\udfff', '\u202eabc', '\ufeff', '😀'.repeat(40), 'é'.normalize('NFD')],
    ...[
      "'; DROP TABLE users; --",
      '${7*7}',
      '%00',
      '../../etc/passwd',
      '<script>',
      'a\r\nSet-Cookie: x=y',
      'javascript:x',
    ],
    ...['ada@example.com', '+1', '+4915112345678', '2099-01-01T00:00:00Z', 'https://example.com/\ud800'],
    ...[
      [],
      {},
      [[]],
      [null],
      ['totp'],
      [{ code: 'x' }],
      { length: 6 },
      { $ne: null },
      { toString: 1 },
      { constructor: 1 },
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Members as JSON text, because an object cannot have duplicate keys, for example. */
const rawMembers = fc.constantFrom(
  ...['"__proto__":{"method":"otp"}', '"constructor":{"prototype":{"x":1}}', '"toString":1', '"hasOwnProperty":"x"'],
  ...['"":""', '"length":5', '"then":1', '"toJSON":"x"', '"a":1e999', '"b":-123456789012345678901234567890'],
  ...['"password":"one","password":"two"', '"code":"000000","code":"000001"', `"deep":${deep(2000)}`, '"\\ud800":1'],
);

/** Bodies that are not an object or not JSON. */
const wholes = fc.constantFrom<Array<Buffer | undefined>>(
  undefined,
  ...[
    '',
    ' \n',
    '{',
    '}',
    '[]',
    '[{}]',
    'null',
    'true',
    '7',
    '"text"',
    '{"a":}',
    '{}{}',
    '{}x',
    "{'a':1}",
    '\ufeff{}',
  ].map((text) => Buffer.from(text)),
  ...['{"a":"\\u12"}', '{"a":"\u0001"}', '{"a":01}', '{"a":NaN}', 'a=b&password=c', '['.repeat(3000), deep(3000)].map(
    (text) => Buffer.from(text),
  ),
  Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
  Buffer.from(`{"code":"${'x'.repeat(20_000)}"}`),
  Buffer.from([0]),
);

/**
 * Bodies of an operation: valid ones, ones with one or two faults, and ones that are not an object.
 *
 * @param right valid values by field; the generator derives other values from the document
 */
export function bodies(
  fields: Readonly<Record<string, FieldSchema>> | null,
  right: Readonly<Record<string, unknown>>,
): Arbitrary<Buffer | undefined> {
  const names = Object.keys(fields ?? {});
  const valid = fc.record(
    Object.fromEntries(Object.entries(fields ?? {}).map(([name, schema]) => [name, valuesOf(schema, right[name])])),
    { requiredKeys: names.filter((name) => name in right) },
  );
  const mutation = fc.record({ name: fc.constantFrom(...names, 'unknown'), value: junk, drop: fc.boolean() });
  const faulty = fc
    .tuple(valid, fc.array(mutation, { maxLength: 2 }), fc.array(rawMembers, { maxLength: 1 }))
    .map(([body, mutations, raw]) => {
      const changed: Record<string, unknown> = { ...body };
      for (const { name, value, drop } of mutations) {
        if (drop) delete changed[name];
        else changed[name] = value;
      }
      const members = [...Object.entries(changed).flatMap(([name, value]) => member(name, value)), ...raw];
      return Buffer.from(`{${members.join(',')}}`);
    });
  const plain = valid.map((body) => Buffer.from(JSON.stringify(body)));
  return fc.oneof({ weight: 3, arbitrary: plain }, { weight: 5, arbitrary: faulty }, { weight: 2, arbitrary: wholes });
}

function valuesOf({ type, enum: choices, example }: FieldSchema, value: unknown): Arbitrary<unknown> {
  if (value !== undefined) return fc.constant(value);
  if (choices) return fc.constantFrom(...choices);
  return type === 'boolean' ? fc.boolean() : fc.constant(example);
}

function member(name: string, value: unknown): string[] {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
}

function deep(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}

/** Mostly JSON. An empty text stands for no header. */
export const contentTypes = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...['', 'application/json; charset=utf-8', 'application/json; charset=latin1', 'APPLICATION/JSON', 'text/plain'],
      ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'x', 'json', '/'],
      ...['application/json, text/plain', 'application/vnd.api+json', 'text/json', 'application/json;'],
    ),
  },
);

/** Values of a path's `{id}`. Null stands for one that exists. */
export const ids = fc.oneof(
  fc.constant(null),
  fc.uuid(),
  fc.constantFrom(
    ...['x', '0', '%20', '%00', '%', '%zz', '%E0%A4%A', '..%2f..%2fetc', '__proto__', 'constructor', 'a'.repeat(99)],
    ...['a'.repeat(300), '%F0%9F%98%80', '%ED%A0%80', "'%20OR%201=1--", '{id}', '00000000-0000-0000-0000-000000000000'],
    ...['FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF', '%7B00000000-0000-4000-8000-000000000000%7D', '?id=x', '.', ';a=b'],
  ),
);

const TOKEN = 'x'.repeat(43);

/** Header lines in addition to the valid ones or in place of them. */
export const malformedHeaders: Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        ...[
          '',
          'Bearer',
          'Bearer ',
          'Bearer  x',
          'Bearer a b',
          'Basic YTpi',
          'bearer x',
          'Bearer \u00ff',
          'x'.repeat(5000),
        ],
        ...[
          `Bearer tfs_${TOKEN}`,
          `Bearer tfc_${TOKEN}`,
          `Bearer tfd_${TOKEN.slice(0, 22)}.${TOKEN}`,
          'Bearer null',
          'Bearer __proto__',
          'Digest',
        ],
      )
      .map((authorization) => ({ authorization })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          ...[
            '',
            ';',
            '=;=;;=',
            'session_token',
            'session_token=',
            'session_token=%E0%A4%A',
            'session_token="x',
            '__proto__=x',
          ],
          ...[
            `session_token=tfs_${TOKEN}; session_token=tfs_${TOKEN}`,
            `two_factor=tfc_${TOKEN}`,
            'two_factor=a; two_factor=b',
          ],
          ...[
            `trust_device=tfd_${TOKEN.slice(0, 22)}.${TOKEN}`,
            'trust_device=%00',
            `a=${'x'.repeat(4000)}`,
            'session_token=\u00ff',
          ],
        ),
        fc.constantFrom(TRUSTED, TRUSTED, 'null', 'https://evil.example', '', 'x', `${TRUSTED}.evil.example`),
      )
      .map(([cookie, origin]) => ({ cookie, origin })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Array<Record<string, string>>>(
      { 'x-trusted-device': `tfd_${TOKEN.slice(0, 22)}.${TOKEN}` },
      { 'x-trusted-device': 'x'.repeat(5000) },
      { 'accept-language': `${'x-'.repeat(2000)};q=2,*;q=\u00ff` },
      { 'user-agent': '\u00ff'.repeat(3000) },
      { accept: 'image/png', 'if-none-match': '*', range: 'bytes=0-1' },
      { 'x-forwarded-for': "'", 'x-forwarded-host': 'evil.example', 'x-http-method-override': 'DELETE' },
      { 'content-encoding': 'gzip' },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
    ),
  },
);
