import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, PASSWORD, signUp, type Owner } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

/** Parses the strict form of the Key URI format, which every app understands. Returns null for any other text. */
function scan(uri: string) {
  const grammar =
    /^otpauth:\/\/totp\/(?<prefix>(?:[\w.~!*'()-]|%[0-9A-F]{2})+):(?<label>(?:[\w.~!*'()-]|%[0-9A-F]{2})+)\?secret=(?<secret>[A-Z2-7]+)&issuer=(?<issuer>(?:[\w.~!*'()-]|%[0-9A-F]{2})+)&algorithm=SHA1&digits=6&period=30$/;
  const parts = grammar.exec(uri)?.groups;
  if (!parts) return null;
  const { prefix = '', label = '', secret = '', issuer = '' } = parts;
  return {
    prefix: decodeURIComponent(prefix),
    label: decodeURIComponent(label),
    issuer: decodeURIComponent(issuer),
    secret,
  };
}

describe('control 05: the otpauth URI has the strict form of the Key URI format', () => {
  let service: TestService;
  let owner: Owner;
  beforeAll(async () => {
    service = await startTestService({ config: { issuer: 'Acme & Söhne +1' } });
    owner = await signUp(service);
  });
  afterAll(() => service.close());

  const enable = (issuer?: string) =>
    new Caller(service).post(
      '/two-factor/enable',
      { password: PASSWORD, ...(issuer !== undefined && { issuer }) },
      owner.token,
    );

  it.each(['Acme', 'Acme Ltd', 'Ä & Ö?', '100 % Acme', 'a+b=c#d/e', '株式会社', "O'Brien (London)", ' Acme '])(
    'writes the issuer %p into label and parameter, with %20 for a blank and without a plus sign',
    async (issuer) => {
      const { status, body } = await enable(issuer);
      expect(status).toBe(200);
      expect(scan(body.totpURI)).toEqual({
        prefix: issuer,
        issuer,
        label: owner.email,
        secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      });
      expect(body.totpURI).not.toContain('+');
      // A general URL parser, which apps do not use, reads the same issuer.
      expect(new URL(body.totpURI).searchParams.get('issuer')).toBe(issuer);
    },
  );

  it("writes the service's own issuer in the same form, and shows it unchanged", async () => {
    const { body } = await enable();
    expect(scan(body.totpURI)).toMatchObject({ prefix: 'Acme & Söhne +1', issuer: 'Acme & Söhne +1' });
    const again = await new Caller(service).post('/two-factor/get-totp-uri', { password: PASSWORD }, owner.token);
    expect(again.body).toEqual({ totpURI: body.totpURI });
  });

  const staged = () => service.query(`SELECT id FROM two_factor_authenticator`);

  it.each([':', 'Acme:', ':Acme', 'Acme: the company', 'Acme\u0000', 'Acme\n', '', '   ', 'x'.repeat(65)])(
    'rejects the issuer %p and stages nothing',
    async (issuer) => {
      const before = await staged();
      const { status, body } = await enable(issuer);
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'VALIDATION_ERROR' });
      expect(Object.keys(body.errors ?? {})).toEqual(['issuer']);
      expect(await staged()).toEqual(before);
    },
  );

  it('keeps a plus sign and a quote in the owner’s address', async () => {
    const email = `o'brien+2fa@example.com`;
    const account = { email, password: PASSWORD, name: 'Owner' };
    const { body } = await new Caller(service).post('/sign-up/email', account);
    const enabled = await new Caller(service).post('/two-factor/enable', { password: PASSWORD }, body.token);
    expect(scan(enabled.body.totpURI)).toMatchObject({ label: email });
  });
});
