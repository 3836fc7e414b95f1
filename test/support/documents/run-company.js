/* oxlint-disable typescript/no-floating-promises -- node:test waits for its tests by itself */
/*
 * Runs the company that the documents build, as an application of its own: it is copied beside the blocks of the documents, and
 * finds the library by the name of the package. DATABASE_URL names a database with the company's tables.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Module, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { hash } from 'bcrypt';
import { Pool } from 'pg';
import { DataSource } from 'typeorm';

/** A file of the documents. */
const part = (name) => import(new URL(name, import.meta.url).href);
const { AppModule } = await part('app.module.js');
const { testAcmeSessions } = await part('acme-sessions.contract.js');
const { testAcmePorts } = await part('acme-ports.contract.js');
const { twoFactorWithMail } = await part('two-factor-with-mail.js');
const { twoFactorEntities, twoFactorMigrations } = await import('nestjs-two-factor');
const { FakeTwoFactorService } = await import('nestjs-two-factor/testing');
const { paymentsUnderTest, sessionsOf } = await part('payments.test-kit.js');

const url = process.env.DATABASE_URL;
const dataSource = new DataSource({ type: 'postgres', url });

const WITH_MAIL = {
  type: 'postgres',
  entities: twoFactorEntities,
  migrations: twoFactorMigrations,
  migrationsRun: true,
};

class MailingModule {}
Module({ imports: [TypeOrmModule.forRoot({ ...WITH_MAIL, url }), ...twoFactorWithMail] })(MailingModule);

describe('the company', () => {
  let app;
  let origin;
  before(async () => {
    app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error'] });
    app.useGlobalPipes(new ValidationPipe());
    await app.listen(0, '127.0.0.1');
    origin = await app.getUrl();
    const pool = new Pool({ connectionString: url });
    await pool.query(`INSERT INTO employee (username, email, password_hash) VALUES ('ada', 'ada@acme.example', $1)`, [
      await hash('correct horse', 10),
    ]);
    await pool.end();
  });
  after(() => app.close());

  const post = (path, body, token) =>
    fetch(`${origin}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });

  it('refuses a wrong password', async () => {
    assert.equal((await post('login', { username: 'ada', password: 'wrong' })).status, 401);
    assert.equal((await post('login', { username: 'eve', password: 'wrong' })).status, 401);
  });

  it('lets its route be called with a session, and with nothing else', async () => {
    const { token } = await (await post('login', { username: 'ada', password: 'correct horse' })).json();
    const paid = await post('payments', {}, token);
    assert.deepEqual([paid.status, await paid.json()], [201, { payer: '1' }]);
    assert.equal((await post('payments', {})).status, 401);
  });

  it('asks for a challenge once an owner has turned two-factor on', async () => {
    const { token } = await (await post('login', { username: 'ada', password: 'correct horse' })).json();
    const enabled = await post('two-factor/enable', { password: 'correct horse' }, token);
    const { totpURI } = await enabled.json();
    const { generateSync } = await import('otplib');
    const code = generateSync({ secret: new URL(totpURI).searchParams.get('secret') });
    assert.equal((await post('two-factor/verify-totp', { code }, token)).status, 200);
    const challenged = await (await post('login', { username: 'ada', password: 'correct horse' })).json();
    assert.equal(challenged.twoFactorRedirect, true);
  });

  it('starts with mail, too', async () => {
    const mailing = await NestFactory.createApplicationContext(MailingModule, { logger: ['error'] });
    await mailing.close();
  });
});

testAcmeSessions(dataSource, { describe, it });
testAcmePorts(dataSource, { describe, it });

class PaymentsUnderTest {}
Module(paymentsUnderTest)(PaymentsUnderTest);

describe('the payments, without a database', () => {
  it('ask for a second factor', async () => {
    const app = await NestFactory.create(PaymentsUnderTest, new FastifyAdapter(), { logger: ['error'] });
    await app.listen(0, '127.0.0.1');
    const statuses = [];
    for (const token of await sessionsOf(app.get(FakeTwoFactorService), '7')) {
      const { status } = await fetch(`${await app.getUrl()}/payments`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
      statuses.push(status);
    }
    await app.close();
    assert.deepEqual(statuses, [403, 201]);
  });
});

after(async () => {
  if (dataSource.isInitialized) await dataSource.destroy();
});
