import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  requireClaims,
  SessionGateway,
  TwoFactorException,
  TwoFactorService,
  type SessionClaims,
  type SessionIdentity,
  type VerifiedPayload,
} from '../../src/two-factor/index.js';
import { Caller, enrol, openChallenge, PASSWORD, signUp, type EnrolledOwner } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import { proseOf } from '../support/documents/markdown.js';
import { enrolByMail, sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';

/** A row of the table in the document: what a session says that was opened in that way. */
interface Row {
  readonly way: string;
  readonly amr: readonly string[];
  readonly acr: string | undefined;
  readonly authTime: 'sign-in' | 'second factor';
}

const DOCUMENT = 'docs/add-to-your-backend.md';

const ROWS: readonly Row[] = [
  ...proseOf(DOCUMENT).matchAll(/^\| ([^|]+?) +\| `\[(.*?)\]` +\| (?:`(\w+)`|none) +\| (sign-in|second factor) +\|$/gm),
].map(([, way = '', amr = '', acr, authTime = '']) => ({
  way,
  amr: amr.split(', ').map((word) => word.replaceAll("'", '')),
  acr,
  authTime: authTime as Row['authTime'],
}));

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const claims = (session: SessionIdentity) => service.app.get(TwoFactorService, { strict: false }).claims(session);

async function sessionOf(token: string): Promise<SessionIdentity> {
  const gateway = service.app.get(SessionGateway, { strict: false });
  const request = { headers: {}, cookies: {}, ip: undefined, userAgent: undefined };
  const session = await gateway.identify(request, { carrier: 'authorization', token });
  if (!session) throw new Error('The session has ended');
  return session;
}

const onChallenge = async (owner: EnrolledOwner, path: string, code: string | undefined) =>
  (await caller.post(`/two-factor/${path}`, { code }, await openChallenge(service, owner))).body.token;

const PHONE = '+4915123456789';

/** A session of the service for each way in, by the names of the table. */
const WAYS: Readonly<Record<string, () => Promise<SessionIdentity>>> = {
  'password, two-factor off': async () => sessionOf((await signUp(service)).token),
  'password, then authenticator app': async () => {
    const owner = await enrol(service);
    return sessionOf(await onChallenge(owner, 'verify-totp', owner.app.nextCode()));
  },
  'password, then code by SMS': async () => {
    const owner = await enrol(service);
    await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp', phoneNumber: PHONE }, owner.token);
    await sendOtp(service, owner.token);
    const { text } = await service.messages.textTo(PHONE);
    return sessionOf((await verifyOtp(service, owner.token, /\d{6}/.exec(text)?.[0])).body.token);
  },
  'password, then code by mail': async () => sessionOf((await enrolByMail(service)).token),
  'password, then backup code': async () => {
    const owner = await enrol(service);
    return sessionOf(await onChallenge(owner, 'verify-backup-code', owner.backupCodes[0]));
  },
  'password on a trusted device': async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    return sessionOf((await signIn(service, owner.email, device)).body.token);
  },
  'password on a trusted device, then authenticator app': async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { token } = (await signIn(service, owner.email, device)).body;
    const code = owner.app.nextCode();
    return sessionOf((await caller.post('/two-factor/verify-totp', { code }, token)).body.token);
  },
};

/** A session as the factor of passkeys reports it: in the words that the table has. */
const passkeySession = ({ amr }: Row): SessionIdentity => {
  const now = new Date();
  return { sessionId: '1', accountId: 'ada', trustedDeviceId: null, secondFactorAt: now, signedInAt: now, amr };
};

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (text: string) => createHmac('sha256', 'the key of both services').update(text).digest('base64url');

/** A JWT that a host signs, read again as another service reads it. */
function payloadOf(payload: object): VerifiedPayload {
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(payload)}`;
  const [header = '', body = '', signature] = `${signed}.${sign(signed)}`.split('.');
  if (sign(`${header}.${body}`) !== signature) throw new Error('The signature is wrong');
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as VerifiedPayload;
}

const accepts = (options: Parameters<typeof requireClaims>[0], payload: object, now?: Date) => {
  try {
    requireClaims(options)(payloadOf(payload), now);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(TwoFactorException);
    expect(error).toMatchObject({ code: 'SECOND_FACTOR_REQUIRED', status: 401 });
    return false;
  }
};

describe('control 49: claims say what happened and no more [RFC 8176]', () => {
  it(`has in ${DOCUMENT} a row for each way into the service, and rows of passkeys`, () => {
    const ways = ROWS.map(({ way }) => way);
    expect(ways.filter((way) => !way.includes('passkey'))).toEqual(Object.keys(WAYS));
    expect(ways.filter((way) => way.includes('passkey')).length).toBeGreaterThanOrEqual(4);
  });

  it.each(ROWS.map((row) => [row.way, row] as const))(
    'of a session by %s are those of the table, and open as a JWT what they say',
    async (way, row) => {
      const session = await (WAYS[way]?.() ?? passkeySession(row));
      const { secondFactorAt, signedInAt } = session;
      const provenAt = row.authTime === 'sign-in' ? signedInAt : secondFactorAt;
      expect(claims(session)).toEqual({
        auth_time: Math.floor((provenAt?.getTime() ?? NaN) / 1000),
        amr: row.amr,
        ...(row.acr !== undefined && { acr: row.acr }),
      });
      const payload = { sub: session.accountId, ...claims(session) };
      expect(accepts({}, payload)).toBe(row.acr !== undefined);
      expect(accepts({ acr: 'mfa', maxAge: '1h' }, payload)).toBe(row.acr !== undefined);
      expect(accepts({ acr: 'phr' }, payload)).toBe(row.acr === 'phr');
    },
  );

  it('without auth_time are refused, whatever else they say', async () => {
    const { auth_time: _, ...rest } = claims(await sessionOf((await enrol(service)).token));
    expect(rest).toEqual({ amr: ['pwd', 'otp', 'mfa'], acr: 'mfa' });
    expect(accepts({}, rest)).toBe(false);
    for (const authTime of [null, '1764000000', 'now', {}, [1764000000], true]) {
      expect([authTime, accepts({}, { ...rest, auth_time: authTime })]).toEqual([authTime, false]);
    }
  });

  it('are as old as the second factor, and no newer when the session gets another token', async () => {
    const owner = await enrol(service);
    await service.query(
      `UPDATE sessions SET second_factor_at = second_factor_at - interval '10 minutes' WHERE user_id = $1`,
      [owner.id],
    );
    const before = claims(await sessionOf(owner.token));
    const change = { currentPassword: PASSWORD, newPassword: 'another horse battery staple' };
    const { body } = await caller.post('/change-password', change, owner.token);
    expect(claims(await sessionOf(body.token))).toEqual(before);
    expect(accepts({ maxAge: '5m' }, before)).toBe(false);
    expect(accepts({ maxAge: '15m' }, before)).toBe(true);
  });

  it('pass at an age of 4:59 minutes and not at 5:01, and not from a time that has not come', () => {
    const now = new Date('2026-08-24T12:00:00Z');
    const aged = (seconds: number): SessionClaims => ({
      auth_time: now.getTime() / 1000 - seconds,
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'mfa',
    });
    for (const [seconds, passes] of [
      [299, true],
      [301, false],
      [-30, true],
      [-61, false],
      [-1e9, false],
    ] as const) {
      expect([seconds, accepts({ maxAge: '5m' }, aged(seconds), now)]).toEqual([seconds, passes]);
    }
  });
});
