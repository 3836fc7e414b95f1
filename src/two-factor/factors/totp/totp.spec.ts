import { describe, expect, it } from '@jest/globals';
import { codeOfStep, matchStep, stepAt, type TotpAlgorithm, type TotpParameters } from './totp.js';

/* The vectors of RFC 4226 and RFC 6238 are in test/controls/01-algorithm-vectors.spec.ts. */

const SEED = Buffer.from('12345678901234567890');

/** A moment in the middle of a step. */
function during(step: number): Date {
  return new Date((step * 30 + 15) * 1000);
}

describe('the time step', () => {
  it('changes with the first millisecond of the thirtieth second', () => {
    expect(stepAt(new Date(0))).toBe(0);
    expect(stepAt(new Date(29_999))).toBe(0);
    expect(stepAt(new Date(30_000))).toBe(1);
  });

  it('lasts as long as the period says', () => {
    expect(stepAt(new Date(119_999), 60)).toBe(1);
  });
});

describe('the window [RFC 6238 §5.2]', () => {
  const NOW = 41_000_000;
  const match = (offset: number, window: number, lastStep = -1) =>
    matchStep(SEED, codeOfStep(SEED, NOW + offset), during(NOW), { window, lastStep });

  it.each([0, 1, 2])('accepts, at a size of %i steps, every step inside and none outside', (window) => {
    for (const offset of [-4, -3, -2, -1, 0, 1, 2, 3, 4]) {
      expect(match(offset, window)).toBe(Math.abs(offset) <= window ? NOW + offset : null);
    }
  });

  it('is measured from the step of the current second, to the millisecond', () => {
    const code = codeOfStep(SEED, NOW);
    const at = (milliseconds: number) =>
      matchStep(SEED, code, new Date(NOW * 30_000 + milliseconds), { window: 1, lastStep: -1 });
    expect(at(-30_001)).toBeNull();
    expect(at(-30_000)).toBe(NOW);
    expect(at(59_999)).toBe(NOW);
    expect(at(60_000)).toBeNull();
  });

  it('does not reach back before the epoch', () => {
    expect(matchStep(SEED, codeOfStep(SEED, 0), new Date(0), { window: 2, lastStep: -1 })).toBe(0);
    expect(matchStep(SEED, '000000', new Date(0), { window: 2, lastStep: -1 })).toBeNull();
  });
});

describe('a TOTP secret', () => {
  it.each([16, 20, 64])('produces codes at a length of %d bytes', (bytes) => {
    expect(codeOfStep(Buffer.alloc(bytes, 1), 1)).toMatch(/^[0-9]{6}$/);
  });

  it.each([0, 15, 65])('is refused at a length of %d bytes', (bytes) => {
    expect(() => codeOfStep(Buffer.alloc(bytes, 1), 1)).toThrow(/secret/i);
  });
});

describe('a TOTP step', () => {
  const NOW = 41_000_000;
  const match = (offset: number, lastStep: number) =>
    matchStep(SEED, codeOfStep(SEED, NOW + offset), during(NOW), { window: 1, lastStep });

  it('is spent once it was used', () => {
    expect(match(0, NOW)).toBeNull();
    expect(match(0, NOW - 1)).toBe(NOW);
  });

  it('is spent once a newer step was used', () => {
    expect(match(-1, NOW)).toBeNull();
    expect(match(0, NOW + 1)).toBeNull();
    expect(match(1, NOW)).toBe(NOW + 1);
  });

  it('is spent together with a neighbour that shows the same digits, so that no code is accepted twice', () => {
    // With this secret both steps produce the same six digits.
    const [older, newer, code] = [910_737, 910_738, '911617'];
    expect([codeOfStep(SEED, older), codeOfStep(SEED, newer)]).toEqual([code, code]);
    for (const now of [older, newer]) {
      expect(matchStep(SEED, code, during(now), { window: 1, lastStep: -1 })).toBe(newer);
    }
  });
});

describe('the TOTP match', () => {
  const NOW = 41_000_000;
  const right = codeOfStep(SEED, NOW);
  const shifted = (zero: number) => right.replaceAll(/./g, (digit) => String.fromCodePoint(zero + Number(digit)));
  const malformed: ReadonlyArray<readonly [name: string, code: string]> = [
    ['empty', ''],
    ['full-width digits', shifted(0xff10)],
    ['Arabic-Indic digits', shifted(0x0660)],
    ['extended Arabic-Indic digits', shifted(0x06f0)],
    ['Devanagari digits', shifted(0x0966)],
    ['mathematical digits beyond the BMP', shifted(0x1d7ce)],
    ['a blank in front', ` ${right}`],
    ['a blank behind', `${right} `],
    ['a blank within', `${right.slice(0, 3)} ${right.slice(3)}`],
    ['a blank for a digit', ` ${right.slice(1)}`],
    ['a line feed behind', `${right}\n`],
    ['a NUL behind', `${right}\0`],
    ['a sign in front', `+${right}`],
    ['a minus in front', `-${right}`],
    ['a sign for a digit', `+${right.slice(1)}`],
    ['a digit short', right.slice(1)],
    ['a digit short in front', right.slice(0, -1)],
    ['a digit long', `${right}0`],
    ['a zero in front', `0${right}`],
    ['an exponent', '1e5000'],
    ['hexadecimal', '0x1234'],
    ['the stand-in for malformed codes', '------'],
    ['a thousand digits', right.repeat(200)],
  ];

  it.each(malformed)('refuses a malformed code: %s', (_, code) => {
    expect(matchStep(SEED, code, during(NOW), { window: 2, lastStep: -1 })).toBeNull();
  });

  it('accepts the same digits in ASCII', () => {
    expect(matchStep(SEED, right, during(NOW), { window: 2, lastStep: -1 })).toBe(NOW);
  });
});

describe('the TOTP check', () => {
  const NOW = 41_000_000;

  /** @returns the number of codes computed for one check, counted by how often the parameters were read */
  function codesComputed(code: string, lastStep = -1): number {
    let reads = 0;
    const parameters: TotpParameters = {
      get algorithm(): TotpAlgorithm {
        reads++;
        return 'sha1';
      },
      digits: 6,
      period: 30,
    };
    matchStep(SEED, code, during(NOW), { window: 2, lastStep, parameters });
    return reads;
  }

  it.each([
    ['a code of the first step', codeOfStep(SEED, NOW - 2), -1],
    ['a code of the current step', codeOfStep(SEED, NOW), -1],
    ['a code of the last step', codeOfStep(SEED, NOW + 2), -1],
    ['a spent code', codeOfStep(SEED, NOW), NOW],
    ['a wrong code', '000000', -1],
    ['a malformed code', 'no code', -1],
    ['an empty code', '', -1],
  ])('computes all steps of the window for %s', (_, code, lastStep) => {
    expect(codesComputed(code, lastStep)).toBe(5);
  });
});
