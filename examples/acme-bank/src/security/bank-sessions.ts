import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import {
  isToken,
  newToken,
  cookieName,
  serializeCookie,
  SessionGateway,
  SystemRandom,
  tokenHash,
  type IncomingRequest,
  type IssuedSession,
  type SessionCarrier,
  type SessionGrant,
  type SessionIdentity,
  type SessionRenewal,
  type Transaction,
} from 'nestjs-two-factor';
import { DataSource } from 'typeorm';
import { Customers, toView } from '../customers/customers.js';
import { BANK } from '../database/data-source-options.js';

const PREFIX = 'bank_';
const COOKIE = 'bank_session';

/** A session of the bank, with what its own routes want to know. */
export interface BankSession extends SessionIdentity {
  readonly branch: string;
  readonly tokenHash: Buffer;
}

const IDENTITY = `id AS "sessionId", customer_id AS "accountId", second_factor_at AS "secondFactorAt",
  trusted_device_id AS "trustedDeviceId", branch, token_hash AS "tokenHash"`;

interface Opened {
  readonly sessionId: string;
  readonly customerId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

const OPENED = `id AS "sessionId", customer_id AS "customerId", created_at AS "createdAt", expires_at AS "expiresAt"`;

/** The bank's sessions: opaque tokens, kept as hashes in the library's database. */
@Injectable()
export class BankSessions extends SessionGateway {
  /** They are written in the library's transactions. */
  override readonly transactional = true;

  private readonly random = new SystemRandom();

  constructor(
    @InjectDataSource(BANK) private readonly database: DataSource,
    private readonly customers: Customers,
  ) {
    super();
  }

  override async identify(request: IncomingRequest, carrier: SessionCarrier): Promise<BankSession | null> {
    const cookie = request.cookies[cookieName(COOKIE, true)];
    const token = carrier.carrier === 'authorization' ? carrier.token : cookie;
    if (!isToken(token, PREFIX)) return null;
    const rows = await this.run<BankSession>(
      `SELECT ${IDENTITY} FROM customer_session WHERE token_hash = $1 AND expires_at > now()`,
      [tokenHash(token)],
    );
    return rows[0] ?? null;
  }

  override async issue(grant: SessionGrant, transaction?: Transaction): Promise<IssuedSession> {
    const { accountId, secondFactor, trustedDeviceId, context } = grant;
    const token = newToken(this.random, PREFIX);
    const [opened] = await this.run<Opened>(
      `INSERT INTO customer_session (id, token_hash, customer_id, branch, second_factor_at, trusted_device_id, expires_at)
       VALUES ($1, $2, $3::bigint, $4, CASE WHEN $5 THEN now() END, $6, now() + interval '8 hours') RETURNING ${OPENED}`,
      [randomUUID(), tokenHash(token), accountId, context['branch'] ?? '', secondFactor !== null, trustedDeviceId],
      transaction,
    );
    if (!opened) throw new Error('The session was not opened');
    return this.issued(token, opened, transaction);
  }

  override async renew(renewal: SessionRenewal, transaction?: Transaction): Promise<IssuedSession | null> {
    const { session, secondFactor, trustedDeviceId, endOthers } = renewal;
    const token = newToken(this.random, PREFIX);
    // TypeORM's own `query` answers an UPDATE with rows and a count; a SELECT of what it returned reads the same everywhere.
    const [opened] = await this.run<Opened>(
      `WITH renewed AS (
         UPDATE customer_session SET token_hash = $2, trusted_device_id = coalesce($4, trusted_device_id),
           second_factor_at = CASE WHEN $3 THEN now() ELSE second_factor_at END
         WHERE id = $1 AND expires_at > now() RETURNING *
       ) SELECT ${OPENED} FROM renewed`,
      [session.sessionId, tokenHash(token), secondFactor !== null, trustedDeviceId],
      transaction,
    );
    if (!opened) return null;
    if (endOthers) {
      const values = [session.accountId, session.sessionId];
      await this.run(`DELETE FROM customer_session WHERE customer_id = $1::bigint AND id <> $2`, values, transaction);
    }
    return this.issued(token, opened, transaction);
  }

  override async holds(session: SessionIdentity, transaction?: Transaction): Promise<boolean> {
    const rows = await this.run(
      `SELECT id FROM customer_session WHERE id = $1 AND token_hash = $2 AND expires_at > now() FOR SHARE`,
      [session.sessionId, (session as BankSession).tokenHash],
      transaction,
    );
    return rows.length > 0;
  }

  override async end({ sessionId }: SessionIdentity, transaction?: Transaction): Promise<void> {
    await this.run(`DELETE FROM customer_session WHERE id = $1`, [sessionId], transaction);
  }

  override async endAll(accountId: string, transaction?: Transaction): Promise<void> {
    await this.run(`DELETE FROM customer_session WHERE customer_id = $1::bigint`, [accountId], transaction);
  }

  override async endDevice(accountId: string, trustedDeviceId: string, transaction?: Transaction): Promise<void> {
    await this.run(
      `DELETE FROM customer_session WHERE customer_id = $1::bigint AND trusted_device_id = $2`,
      [accountId, trustedDeviceId],
      transaction,
    );
  }

  private async issued(token: string, opened: Opened, transaction?: Transaction): Promise<IssuedSession> {
    const { sessionId, customerId, createdAt, expiresAt } = opened;
    const customer = await this.customers.find(customerId, transaction);
    if (!customer) throw new Error(`There is no customer ${customerId}`);
    return {
      token,
      sessionId,
      session: { token, userId: customerId, createdAt, expiresAt },
      user: toView(customer),
      headers: [['set-cookie', serializeCookie(COOKIE, token, { secure: true })]],
    };
  }

  /** In the library's transaction where there is one: a second connection could wait for the first one for ever. */
  private async run<Row extends object>(text: string, values: unknown[], transaction?: Transaction): Promise<Row[]> {
    return transaction ? transaction.query<Row>(text, values) : this.database.query(text, values);
  }
}
