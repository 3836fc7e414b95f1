import { describe, expect, it } from '@jest/globals';
import { DeliveryError, describeError } from './delivery-error.js';

describe('describeError', () => {
  it.each([
    [new DeliveryError('SmtpMailSender: Error ESOCKET'), 'SmtpMailSender: Error ESOCKET'],
    [new Error('user@example.com is unknown'), 'Error'],
    [Object.assign(new Error('x'), { code: 'EAUTH', responseCode: 535 }), 'Error EAUTH 535'],
    [
      Object.assign(new Error('x'), {
        code: 'EENVELOPE',
        responseCode: 550,
        response: '550 5.1.1 <a@example.com>: no',
      }),
      'Error EENVELOPE 550 5.1.1',
    ],
    [
      new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
      'TypeError ECONNREFUSED',
    ],
    [Object.assign(new Error('x'), { name: 'a@example.com', code: 'to a@example.com' }), 'object'],
    [Object.assign(new Error('x'), { code: 4_915_112_345_678, status: 503 }), 'Error 503'],
    ['123456', 'string'],
    [undefined, 'undefined'],
  ])('describes %p without the recipient or the text of the message', (error, expected) => {
    expect(describeError(error)).toBe(expected);
  });
});
