import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parseCookies } from '../tokens/cookies.js';
import type { IncomingRequest } from '../ports/incoming-request.js';
import {
  SessionGateway,
  type IssuedSession,
  type SecondFactor,
  type SessionCarrier,
  type SessionIdentity,
  type SignInContext,
} from '../ports/session-gateway.js';
import type { Database } from '../postgres/database.js';
import { onOneConnection, rolledBack as inRolledBack } from './contract-transactions.js';
import type { TestApi } from './test-api.js';

/** A gateway to hold to the contract, and what it takes to do so. */
export interface SessionGatewaySubject {
  readonly gateway: SessionGateway;
  /** Makes another account; returns its id as the library would know it. */
  newAccount(): Promise<string>;
  /** The words that the host's sign-in gives along, if its gateway needs any. */
  readonly context?: SignInContext;
  /** Lets the life of a session run out. Without it nothing checks that the gateway refuses expired sessions. */
  readonly expire?: (sessionId: string) => Promise<void>;
  /** Where sessions are written; needed of a gateway that is `transactional`. */
  readonly database?: Database;
}

/**
 * Holds a SessionGateway to what the library relies on.
 *
 * @param setUp called once, at the first test; the caller closes what it opens
 * @param api the test runner's functions; its globals by default
 * @example
 * ```ts
 * import { describeSessionGateway } from 'nestjs-two-factor/testing';
 *
 * describeSessionGateway('AcmeSessions', async () => ({ gateway: new AcmeSessions(store), newAccount: hire }));
 * ```
 */
export function describeSessionGateway(
  name: string,
  setUp: () => Promise<SessionGatewaySubject>,
  { describe, it }: TestApi = globalThis as unknown as TestApi,
): void {
  let ready: Promise<Trial> | undefined;
  const trial = () => (ready ??= setUp().then((subject) => new Trial(subject)));

  describe(name, () => {
    describe('issue', () => {
      it('opens a session that its token leads to', async () => {
        const { gateway, open, find } = await trial();
        const before = Date.now();
        const { accountId, issued } = await open();
        const { token, session, user } = issued;
        const found = await find(token);
        assert.equal(found?.accountId, accountId);
        assert.equal(typeof found.sessionId, 'string');
        assert.equal(issued.sessionId, found.sessionId, '`issue` names another session than `identify`');
        assert.notEqual(issued.sessionId, token, 'The name of a session is its token');
        assert.equal(session.token, token);
        assert.equal(session.userId, accountId);
        assert.equal(user.id, accountId);
        assert.ok(session.createdAt instanceof Date && session.expiresAt instanceof Date);
        assert.ok(session.expiresAt.getTime() > before, 'The session is born dead');
        assert.equal(typeof gateway.transactional, 'boolean');
      });

      it('gives a new token and a new session each time', async () => {
        const { open, find } = await trial();
        const { accountId, issued } = await open();
        const other = await open(accountId);
        assert.notEqual(other.issued.token, issued.token);
        const [one, two] = [await find(issued.token), await find(other.issued.token)];
        assert.ok(one && two, 'A second session ended the first');
        assert.notEqual(one.sessionId, two.sessionId);
      });

      it('gives tokens too long to be guessed', async () => {
        const { open } = await trial();
        const { issued } = await open();
        assert.ok(issued.token.length >= 22, 'A token must carry 128 random bits or more');
      });

      it('adopts no token that the client brought along [ASVS 7.2.4]', async () => {
        const { open, find, gateway, context } = await trial();
        const { accountId, issued: planted } = await open();
        const victim = await open();
        const issued = await gateway.issue({
          accountId: victim.accountId,
          secondFactor: null,
          amr: [],
          trustedDeviceId: null,
          context,
          request: carrying(planted),
        });
        assert.notEqual(issued.token, planted.token);
        const found = await find(planted.token);
        assert.ok(found === null || found.accountId === accountId, 'A planted token opens the account of its victim');
      });

      it('remembers whether a second factor was proven', async () => {
        const { open, find } = await trial();
        const weak = await open();
        const strong = await open(weak.accountId, 'totp');
        assert.equal((await find(weak.issued.token))?.secondFactorAt, null);
        const found = await find(strong.issued.token);
        assert.ok(found?.secondFactorAt instanceof Date);
      });

      it('remembers how the factors were proven, and since when, where it tells at all', async () => {
        const { open, find, gateway } = await trial();
        const weak = await find((await open()).issued.token);
        assert.ok(weak);
        if (weak.signedInAt !== undefined) assert.ok(weak.signedInAt instanceof Date);
        if (weak.amr === undefined) return;
        assert.ok(!weak.amr.includes('mfa'), 'A session of one factor tells of several');
        const renewed = await gateway.renew({ ...renewalOf(weak), secondFactor: 'totp', amr: ['sms', 'mfa'] });
        assert.ok(renewed);
        const lifted = await find(renewed.token);
        assert.ok(lifted);
        for (const method of ['sms', 'mfa']) assert.ok(lifted.amr?.includes(method), `amr lacks ${method}`);
        assert.deepEqual(lifted.signedInAt, weak.signedInAt, 'A new token is no new sign-in');
        const again = await gateway.renew({ ...renewalOf(lifted), secondFactor: 'totp', amr: ['otp', 'mfa'] });
        assert.ok(again);
        const proven = await find(again.token);
        assert.ok(!proven?.amr?.includes('sms'), 'An older proof has become as fresh as the latest one');
      });
    });

    describe('identify', () => {
      it('tells the trusted device of a session, through renewals too', async () => {
        const { open, find, gateway } = await trial();
        const [device, next] = [randomUUID(), randomUUID()];
        const plain = await find((await open()).issued.token);
        assert.equal(plain?.trustedDeviceId, null);
        const session = await find((await open(undefined, null, undefined, device)).issued.token);
        assert.ok(session);
        assert.equal(session.trustedDeviceId, device, 'The session forgot its device');
        assert.equal(session.secondFactorAt, null, 'A trusted device is no second factor');
        const renewed = await gateway.renew({ ...renewalOf(session), secondFactor: 'totp', amr: ['otp', 'mfa'] });
        assert.ok(renewed);
        const lifted = await find(renewed.token);
        assert.ok(lifted);
        assert.equal(lifted.trustedDeviceId, device, 'The renewal lost the device');
        const trusted = await gateway.renew({ ...renewalOf(lifted), trustedDeviceId: next });
        assert.ok(trusted);
        assert.equal((await find(trusted.token))?.trustedDeviceId, next);
      });

      it('finds the session of the token it is given, whatever else the request carries', async () => {
        const { open, gateway } = await trial();
        const [one, other] = [await open(), await open()];
        const found = await gateway.identify(carrying(other.issued), bearer(one.issued.token));
        assert.equal(found?.accountId, one.accountId);
      });

      it('finds the session of the cookie that it set', async () => {
        const { open, gateway } = await trial();
        const { accountId, issued } = await open();
        const cookies = setCookies(issued);
        if (cookies.length === 0) return; // A gateway may do without cookies.
        for (const line of cookies) assert.match(line, /; *HttpOnly/i, 'Scripts can read the session cookie');
        const found = await gateway.identify(carrying({ ...issued, token: '' }), COOKIE);
        assert.equal(found?.accountId, accountId);
      });

      it('looks for a cookie nowhere but among cookies', async () => {
        const { open, gateway } = await trial();
        const { issued } = await open();
        const headers = { authorization: `Bearer ${issued.token}`, 'x-session': issued.token };
        assert.equal(await gateway.identify(requestOf(headers), COOKIE), null);
      });

      it('falls back on no other carrier when a token leads nowhere', async () => {
        const { open, gateway } = await trial();
        const { issued } = await open();
        assert.equal(await gateway.identify(carrying(issued), bearer('unknown')), null);
      });

      it('finds no session for a token that it never gave', async () => {
        const { open, find, gateway } = await trial();
        const { token } = (await open()).issued;
        const strangers = [
          '',
          ' ',
          'unknown',
          'null',
          'undefined',
          '__proto__',
          'constructor',
          '0',
          '\0',
          '\ud800',
          '%00',
          `'; --`,
          'tfc_'.padEnd(47, 'A'),
          'x'.repeat(100_000),
          altered(token),
          token.slice(0, token.length / 2),
          `${token}x`,
          ` ${token}`,
          `${token} `,
          token + token,
        ];
        for (const stranger of strangers) {
          assert.equal(await find(stranger), null, `A session was found for ${JSON.stringify(stranger.slice(0, 100))}`);
        }
        assert.equal(await gateway.identify(requestOf({}), COOKIE), null);
        assert.equal(await gateway.identify(requestOf({ cookie: 'theme=dark; session=; ;=' }), COOKIE), null);
      });

      it('finds no session for a cookie that it never set', async () => {
        const { open, gateway } = await trial();
        const { issued } = await open();
        const forged = { ...issued, headers: issued.headers.map(([header, line]) => [header, forge(line)] as const) };
        if (setCookies(issued).length === 0) return;
        assert.equal(await gateway.identify(carrying(forged), COOKIE), null);
      });

      it('finds no session by the id of a session', async () => {
        const { open, find } = await trial();
        const { issued } = await open();
        const found = await find(issued.token);
        assert.ok(found);
        assert.equal(await find(found.sessionId), null);
      });
    });

    describe('renew', () => {
      it('gives the session a new token, and the old one is dead', async () => {
        const { open, find, gateway } = await trial();
        const { accountId, issued } = await open();
        const session = await find(issued.token);
        assert.ok(session);
        const renewed = await gateway.renew(renewalOf(session));
        assert.ok(renewed);
        assert.notEqual(renewed.token, issued.token);
        assert.equal(renewed.session.token, renewed.token);
        assert.equal(renewed.user.id, accountId);
        assert.equal(await find(issued.token), null, 'The old token lives on');
        const found = await find(renewed.token);
        assert.equal(found?.sessionId, session.sessionId, 'The session lost its id');
        assert.equal(renewed.sessionId, session.sessionId, '`renew` names another session than `identify`');
        assert.equal(found.accountId, accountId);
      });

      it('hands the new token to browsers as the first one', async () => {
        const { open, find, gateway } = await trial();
        const { accountId, issued } = await open();
        const session = await find(issued.token);
        assert.ok(session);
        const renewed = await gateway.renew(renewalOf(session));
        assert.ok(renewed);
        assert.equal(setCookies(renewed).length > 0, setCookies(issued).length > 0);
        if (setCookies(renewed).length === 0) return;
        const found = await gateway.identify(carrying({ ...renewed, token: '' }), COOKIE);
        assert.equal(found?.accountId, accountId);
      });

      it('lifts a weak session by the second factor just proven', async () => {
        const { open, find, gateway } = await trial();
        const session = await find((await open()).issued.token);
        assert.ok(session);
        const renewed = await gateway.renew({ ...renewalOf(session), secondFactor: 'totp', amr: ['otp', 'mfa'] });
        assert.ok(renewed);
        assert.ok((await find(renewed.token))?.secondFactorAt instanceof Date);
      });

      it('leaves the strength as it is when none was proven', async () => {
        const { open, find, gateway } = await trial();
        for (const secondFactor of [null, 'totp'] as const) {
          const session = await find((await open(undefined, secondFactor)).issued.token);
          assert.ok(session);
          const renewed = await gateway.renew(renewalOf(session));
          assert.ok(renewed);
          const found = await find(renewed.token);
          assert.ok(found);
          assert.deepEqual(found.secondFactorAt, session.secondFactorAt);
        }
      });

      it('is null for a session that ended meanwhile, and revives nothing', async () => {
        const { open, find, gateway } = await trial();
        const { accountId, issued } = await open();
        const session = await find(issued.token);
        assert.ok(session);
        await gateway.end(session);
        for (const endOthers of [false, true]) {
          assert.equal(await gateway.renew({ ...renewalOf(session), endOthers }), null);
        }
        assert.equal(await find(issued.token), null);
        assert.ok((await find((await open(accountId)).issued.token)) !== null, 'The account is shut out');
      });

      it('leaves one live token, however many renew at once', async () => {
        const { open, find, gateway } = await trial();
        const { issued } = await open();
        const session = await find(issued.token);
        assert.ok(session);
        const renewals = await Promise.all(Array.from({ length: 4 }, () => gateway.renew(renewalOf(session))));
        const tokens = [issued, ...renewals].flatMap((one) => (one ? [one.token] : []));
        const alive = (await Promise.all(tokens.map((token) => find(token)))).filter((found) => found !== null);
        assert.equal(alive.length, 1);
      });

      it('leaves the other sessions alone unless told otherwise', async () => {
        const { open, find, gateway } = await trial();
        const { accountId, issued } = await open();
        const other = await open(accountId);
        const session = await find(issued.token);
        assert.ok(session);
        assert.ok(await gateway.renew(renewalOf(session)));
        assert.ok(await find(other.issued.token));
      });

      it('ends all other sessions of the account and of no other when told so', async () => {
        const { open, find, gateway } = await trial();
        const { accountId, issued } = await open();
        const others = [await open(accountId), await open(accountId, 'totp')];
        const stranger = await open();
        const session = await find(issued.token);
        assert.ok(session);
        const renewed = await gateway.renew({ ...renewalOf(session), endOthers: true });
        assert.ok(renewed);
        for (const other of others) assert.equal(await find(other.issued.token), null, 'Another session lives on');
        assert.equal(await find(issued.token), null);
        assert.equal((await find(renewed.token))?.accountId, accountId);
        assert.equal((await find(stranger.issued.token))?.accountId, stranger.accountId);
      });
    });

    describe('a session whose life has run out', () => {
      it('is neither found nor held nor renewed, where the subject can let it run out', async () => {
        const { expire, open, find, gateway } = await trial();
        if (!expire) return;
        const { accountId, issued } = await open();
        const other = await open(accountId);
        const session = await find(issued.token);
        assert.ok(session);
        await expire(session.sessionId);
        assert.equal(await find(issued.token), null, 'An expired session is found');
        assert.equal(await gateway.holds(session), false, 'An expired session is held');
        for (const endOthers of [false, true]) {
          assert.equal(
            await gateway.renew({ ...renewalOf(session), endOthers }),
            null,
            'An expired session is renewed',
          );
        }
        assert.equal(await find(issued.token), null, 'A renewal has revived an expired session');
        assert.ok(await find(other.issued.token), 'The renewal of an expired session has ended other sessions');
      });
    });

    describe('holds', () => {
      it('is true for a session as it was found', async () => {
        const { open, find, gateway } = await trial();
        const { accountId, issued } = await open();
        await open(accountId);
        const session = await find(issued.token);
        assert.ok(session);
        assert.equal(await gateway.holds(session), true);
      });

      it('is false once the session has ended', async () => {
        const { open, find, gateway } = await trial();
        const ends = [
          (session: SessionIdentity) => gateway.end(session),
          (session: SessionIdentity) => gateway.endAll(session.accountId),
        ];
        for (const end of ends) {
          const session = await find((await open()).issued.token);
          assert.ok(session);
          await end(session);
          assert.equal(await gateway.holds(session), false);
        }
      });

      it('is false once the session has another token, and true for what is found by that one', async () => {
        const { open, find, gateway } = await trial();
        const session = await find((await open()).issued.token);
        assert.ok(session);
        const renewed = await gateway.renew(renewalOf(session));
        assert.ok(renewed);
        assert.equal(await gateway.holds(session), false, 'A session counts under the token that it had before');
        const found = await find(renewed.token);
        assert.ok(found);
        assert.equal(await gateway.holds(found), true);
      });

      it('keeps the session from ending before the transaction does, where the gateway is transactional', async () => {
        const { open, find, gateway, rolledBack } = await trial();
        if (!gateway.transactional) return;
        const session = await find((await open()).issued.token);
        assert.ok(session);
        let ending: Promise<void> | undefined;
        let ended = false;
        await rolledBack(async (transaction) => {
          assert.equal(await gateway.holds(session, transaction), true);
          ending = gateway.end(session).then(() => void (ended = true));
          await new Promise((resolve) => setTimeout(resolve, 100));
          assert.equal(ended, false, 'The session ended while it was held');
        });
        await ending;
        assert.equal(await gateway.holds(session), false);
      });
    });

    describe('endDevice', () => {
      it('ends the sessions of the account that came from that device and no others', async () => {
        const { open, find, gateway } = await trial();
        const [device, otherDevice] = [randomUUID(), randomUUID()];
        const { accountId, issued: opened } = await open(undefined, null, undefined, device);
        const trusted = await find((await open(accountId)).issued.token);
        assert.ok(trusted);
        const renewed = await gateway.renew({ ...renewalOf(trusted), trustedDeviceId: device });
        assert.ok(renewed);
        const spared = [
          (await open(accountId)).issued,
          (await open(accountId, 'totp', undefined, otherDevice)).issued,
          (await open(undefined, null, undefined, device)).issued,
        ];
        await gateway.endDevice(accountId, device);
        assert.equal(await find(opened.token), null, 'A session that was opened through the device lives on');
        assert.equal(await find(renewed.token), null, 'A session that the device was trusted along with lives on');
        for (const { token } of spared) assert.ok(await find(token), 'A session of no such device has ended');
        await gateway.endDevice(accountId, device);
      });
    });

    describe('end', () => {
      it('ends that session and no other', async () => {
        const { open, find, gateway } = await trial();
        const { accountId, issued } = await open();
        const other = await open(accountId);
        const session = await find(issued.token);
        assert.ok(session);
        await gateway.end(session);
        assert.equal(await find(issued.token), null);
        assert.ok(await find(other.issued.token));
      });

      it('may be said twice', async () => {
        const { open, find, gateway } = await trial();
        const session = await find((await open()).issued.token);
        assert.ok(session);
        await gateway.end(session);
        await gateway.end(session);
      });
    });

    describe('endAll', () => {
      it('ends every session of the account and of no other', async () => {
        const { open, find, gateway } = await trial();
        const { accountId, issued } = await open();
        const [other, stranger] = [await open(accountId, 'totp'), await open()];
        await gateway.endAll(accountId);
        assert.equal(await find(issued.token), null, 'A session lives on');
        assert.equal(await find(other.issued.token), null, 'A strong session lives on');
        assert.equal((await find(stranger.issued.token))?.accountId, stranger.accountId);
        await gateway.endAll(accountId);
        assert.ok(await find((await open(accountId)).issued.token), 'The account is shut out');
      });
    });

    describe('a transaction that is rolled back', () => {
      it('opens, renews and ends nothing, where the gateway is transactional', async () => {
        const { open, find, gateway, rolledBack } = await trial();
        if (!gateway.transactional) return;
        const { accountId, issued } = await open();
        const other = await open(accountId);
        const session = await find(issued.token);
        assert.ok(session);
        const opened = await rolledBack(async (transaction) => {
          const { token } = (await open(accountId, 'totp', transaction)).issued;
          return token;
        });
        assert.equal(await find(opened), null, 'The session was opened outside of the transaction');
        const renewed = await rolledBack(async (transaction) =>
          gateway.renew({ ...renewalOf(session), endOthers: true }, transaction),
        );
        assert.ok(renewed);
        assert.equal(await find(renewed.token), null, 'The session was renewed outside of the transaction');
        await rolledBack(async (transaction) => gateway.end(session, transaction));
        await rolledBack(async (transaction) => gateway.endAll(accountId, transaction));
        const device = randomUUID();
        const trusted = await open(accountId, null, undefined, device);
        await rolledBack(async (transaction) => gateway.endDevice(accountId, device, transaction));
        assert.ok(await find(trusted.issued.token), 'Sessions of a device were ended outside of the transaction');
        assert.ok(await find(issued.token), 'The session was ended outside of the transaction');
        assert.ok(await find(other.issued.token), 'Other sessions were ended outside of the transaction');
      });
    });

    describe('a pool with one connection left', () => {
      it('is enough inside a transaction, where the gateway is transactional', async () => {
        const subject = await trial();
        const { open, find, gateway, context } = subject;
        if (!gateway.transactional) return;
        const { accountId, issued } = await open();
        const session = await find(issued.token);
        assert.ok(session);
        const grant = { ...UNPROVEN, accountId, context, request: requestOf({}) };
        await onOneConnection(subject.database, 'SessionGateway', [
          ['issue', (transaction) => gateway.issue(grant, transaction)],
          ['holds', (transaction) => gateway.holds(session, transaction)],
          ['renew', (transaction) => gateway.renew({ ...renewalOf(session), endOthers: true }, transaction)],
          ['end', (transaction) => gateway.end(session, transaction)],
          ['endDevice', (transaction) => gateway.endDevice(accountId, randomUUID(), transaction)],
          ['endAll', (transaction) => gateway.endAll(accountId, transaction)],
        ]);
      });
    });
  });
}

type Transaction = Parameters<SessionGateway['issue']>[1];

/** The subject, and shorthands for what every test does with it. */
class Trial {
  readonly gateway: SessionGateway;
  readonly context: SignInContext;
  readonly expire: SessionGatewaySubject['expire'];

  constructor(private readonly subject: SessionGatewaySubject) {
    this.gateway = subject.gateway;
    this.expire = subject.expire;
    this.context = subject.context ?? {};
  }

  /** Opens a session, of a new account unless one is given. */
  readonly open = async (
    account?: string,
    secondFactor: SecondFactor | null = null,
    transaction?: Transaction,
    trustedDeviceId: string | null = null,
  ): Promise<{ accountId: string; issued: IssuedSession }> => {
    const accountId = account ?? (await this.subject.newAccount());
    const amr = secondFactor ? ['otp', 'mfa'] : [];
    const grant = { accountId, secondFactor, amr, trustedDeviceId, context: this.context, request: requestOf({}) };
    return { accountId, issued: await this.gateway.issue(grant, transaction) };
  };

  readonly find = (token: string): Promise<SessionIdentity | null> =>
    this.gateway.identify(requestOf({ authorization: `Bearer ${token}` }), bearer(token));

  /** Does something in a transaction that comes to nothing; tells what it gave. */
  readonly rolledBack = async <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> =>
    inRolledBack(this.database, work);

  get database(): Database {
    const { database } = this.subject;
    assert.ok(database, 'A transactional gateway is tested with its `database`');
    return database;
  }
}

const UNPROVEN = { secondFactor: null, amr: [], trustedDeviceId: null } as const;

const COOKIE: SessionCarrier = { carrier: 'cookie' };

function bearer(token: string): SessionCarrier {
  return { carrier: 'authorization', token };
}

function renewalOf(session: SessionIdentity) {
  return { session, ...UNPROVEN, endOthers: false, request: requestOf({}) };
}

function requestOf(headers: Readonly<Record<string, string>>): IncomingRequest {
  return { headers, cookies: parseCookies(headers['cookie']), ip: '192.0.2.1', userAgent: 'contract' };
}

/** A request as of a client that got this session, by every carrier at once. */
function carrying(issued: IssuedSession): IncomingRequest {
  const cookie = setCookies(issued).map((line) => line.split(';')[0]);
  return requestOf({
    ...(issued.token && { authorization: `Bearer ${issued.token}` }),
    ...(cookie.length > 0 && { cookie: cookie.join('; ') }),
  });
}

function setCookies({ headers }: IssuedSession): string[] {
  return headers.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, line]) => line);
}

/** A `Set-Cookie` line with its value altered. */
function forge(line: string): string {
  const [pair = '', ...attributes] = line.split(';');
  const equals = pair.indexOf('=') + 1;
  return [pair.slice(0, equals) + altered(pair.slice(equals)), ...attributes].join(';');
}

/** Another symbol in the middle, where no encoding has bits to spare. */
function altered(text: string): string {
  const middle = text.length >> 1;
  return text.slice(0, middle) + (text[middle] === 'A' ? 'B' : 'A') + text.slice(middle + 1);
}
