import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AesGcmSealer } from '../../src/two-factor/keys/sealer.js';
import { SEALED_AUTHENTICATORS } from '../../src/two-factor/factors/totp/totp.sql.js';
import {
  codeOfStep,
  matchStep,
  stepAt,
  TOTP_DEFAULTS,
  type TotpAlgorithm,
  type TotpParameters,
} from '../../src/two-factor/factors/totp/totp.js';
import { Caller, enrol, openChallenge } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

const SEED = Buffer.from('12345678901234567890');

/** Test vectors of RFC 6238 appendix B. Their codes have eight digits. */
const TOTP_VECTORS: ReadonlyArray<readonly [seconds: number, step: number, codes: Record<TotpAlgorithm, string>]> = [
  [59, 0x1, { sha1: '94287082', sha256: '46119246', sha512: '90693936' }],
  [1111111109, 0x23523ec, { sha1: '07081804', sha256: '68084774', sha512: '25091201' }],
  [1111111111, 0x23523ed, { sha1: '14050471', sha256: '67062674', sha512: '99943326' }],
  [1234567890, 0x273ef07, { sha1: '89005924', sha256: '91819424', sha512: '93441116' }],
  [2000000000, 0x3f940aa, { sha1: '69279037', sha256: '90698825', sha512: '38618901' }],
  [20000000000, 0x27bc86aa, { sha1: '65353130', sha256: '77737706', sha512: '47863826' }],
];

describe('control 01: codes equal the test vectors of RFC 4226 and RFC 6238', () => {
  describe('an HOTP value of RFC 4226 appendix D', () => {
    const truncated = [
      1284755224, 1094287082, 137359152, 1726969429, 1640338314, 868254676, 1918287922, 82162583, 673399871, 645520489,
    ];

    it.each(truncated.map((value, count) => [count, value] as const))(
      'equals the truncated value of the appendix at count %i',
      (count, value) => {
        const digits = String(value).padStart(10, '0');
        expect(codeOfStep(SEED, count)).toBe(digits.slice(-6));
        expect(codeOfStep(SEED, count, { ...TOTP_DEFAULTS, digits: 7 })).toBe(digits.slice(-7));
        expect(codeOfStep(SEED, count, { ...TOTP_DEFAULTS, digits: 8 })).toBe(digits.slice(-8));
      },
    );

    it('yields the six digits that the appendix prints', () => {
      expect(truncated.map((_, count) => codeOfStep(SEED, count))).toEqual(
        '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' '),
      );
    });
  });

  describe('a TOTP code of RFC 6238 appendix B', () => {
    // The seed of each hash has its own length, as in the erratum and in the reference implementation.
    const seedLength = { sha1: 20, sha256: 32, sha512: 64 } as const satisfies Record<TotpAlgorithm, number>;
    const rows = TOTP_VECTORS.flatMap(([seconds, step, codes]) =>
      (['sha1', 'sha256', 'sha512'] as const).map((algorithm) => [algorithm, seconds, step, codes[algorithm]] as const),
    );

    it.each(rows)('equals the printed code for %s at T=%i', (algorithm, seconds, step, code) => {
      const seed = Buffer.from('1234567890'.repeat(7)).subarray(0, seedLength[algorithm]);
      const parameters: TotpParameters = { algorithm, digits: 8, period: 30 };
      const time = new Date(seconds * 1000);
      expect(stepAt(time)).toBe(step);
      expect(codeOfStep(seed, step, parameters)).toBe(code);
      expect(matchStep(seed, code, time, { window: 0, lastStep: -1, parameters })).toBe(step);
    });
  });

  describe('the running service', () => {
    let service: TestService;
    let signIn: (code: string) => Promise<number>;

    beforeAll(async () => {
      service = await startTestService();
      const owner = await enrol(service);
      const caller = new Caller(service);
      signIn = async (code) => {
        const token = await openChallenge(service, owner);
        return (await caller.post('/two-factor/verify-totp', { code }, token)).status;
      };
      // Creates an owner whose secret is the seed of the RFC and whose authenticator has not been used yet.
      const [row] = await service.query<{ id: string }>(`SELECT id FROM two_factor_authenticator`);
      const id = row?.id ?? '';
      const sealed = service.app.get(AesGcmSealer).seal(SEED, SEALED_AUTHENTICATORS.record(owner.id, id));
      await service.query(`UPDATE two_factor_authenticator SET secret = $1, last_step = -1`, [sealed]);
    });
    afterAll(() => service.close());

    it.each(TOTP_VECTORS.map(([seconds, , { sha1 }]) => [seconds, sha1] as const))(
      'accepts only the last six digits of the vector at T=%i',
      async (seconds, eight) => {
        service.clock.advance(seconds - service.clock.now().getTime() / 1000);
        expect(await signIn(eight.slice(0, 6))).toBe(401);
        expect(await signIn(eight.slice(-6))).toBe(200);
      },
    );
  });
});
