import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBuilt } from '../support/build.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { freePort, startProcess, type ServiceProcess } from '../support/service-process.js';

describe('the built service', () => {
  let folder: string;
  let database: TestDatabase;
  let services: ServiceProcess[] = [];

  const start = async (env: Record<string, string>): Promise<ServiceProcess> => {
    const service = await startProcess(folder, env);
    services.push(service);
    return service;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-smoke-'));
    await chmod(folder, 0o711);
    database = await createTestDatabase({ migrated: false });
    await ensureBuilt();
  }, 120_000);

  afterEach(async () => {
    for (const { child } of services) child.kill('SIGKILL');
    await Promise.all(services.map(({ ended }) => ended));
    services = [];
  });

  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('starts without any variable, on an embedded Postgres that ends with it', async () => {
    const service = await start({});
    await service.started;
    expect((await fetch(`http://127.0.0.1:${service.port}/api/auth/ok`)).status).toBe(200);

    const second = await start({});
    expect(await second.ended).toMatchObject({ code: 1, stderr: oneLine('already in use by another process') });

    service.child.kill('SIGINT');
    expect(await service.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('starts on an empty database, prints its URL and at SIGTERM completes requests in progress', async () => {
    const service = await start({ DATABASE_URL: database.url });
    const base = `http://localhost:${service.port}`;
    expect(await service.started).toBe(`Two-factor service on ${base}/api/auth, Swagger UI at ${base}/docs`);
    const idle = await keepAlive(service.port);
    const request = await halfRequest(service.port);
    service.child.kill('SIGTERM');
    await idle.closed;
    await expect(fetch(`http://127.0.0.1:${service.port}/api/auth/ok`)).rejects.toThrow('fetch failed');
    // The response needs the database, so the pool was still open.
    expect(await request.finish()).toMatch(/^HTTP\/1\.1 401 /);
    const answered = Date.now();
    expect(await service.ended).toMatchObject({ code: 0, stderr: '' });
    // The process must not wait for the ten seconds that requests in progress have.
    expect(Date.now() - answered).toBeLessThan(8000);
  });

  it('warns in production that it sends no mail, and serves no documentation', async () => {
    // The other database has the keys of development.
    const fresh = await createTestDatabase({ migrated: false });
    const env = {
      NODE_ENV: 'production',
      BASE_URL: 'https://auth.example.com',
      TWO_FACTOR_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      DATABASE_URL: fresh.url,
    };
    for (const [mail, warns] of [
      [{}, true],
      [{ SMTP_URL: 'smtps://127.0.0.1:1', MAIL_FROM: 'auth@example.com' }, false],
    ] as const) {
      const service = await start({ ...env, ...mail });
      await service.started;
      const answers = ['/', '/docs', '/openapi.json'].map((path) => fetch(`http://127.0.0.1:${service.port}${path}`));
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 404, 404]);
      service.child.kill('SIGTERM');
      const { code, stdout } = await service.ended;
      expect({
        code,
        warns: stdout.includes('SMTP_URL is not set: neither codes nor notices are sent by mail'),
      }).toEqual({
        code: 0,
        warns,
      });
    }
    await fresh.drop();
  });

  it('ends at once at a second signal', async () => {
    const service = await start({ DATABASE_URL: database.url });
    await service.started;
    const idle = await keepAlive(service.port);
    const { socket } = await halfRequest(service.port);
    socket.on('error', () => undefined);
    service.child.kill('SIGINT');
    // Two signals within half a second count as one Ctrl-C, because npm passes the signal on as well.
    await sleep(50);
    service.child.kill('SIGINT');
    await idle.closed;
    await sleep(600);
    expect(service.child.exitCode).toBeNull();
    service.child.kill('SIGINT');
    expect(await service.ended).toMatchObject({ code: 1 });
  });

  it('refuses to start on a port that is in use', async () => {
    const holder = createServer().listen(await freePort(), '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const service = await start({ DATABASE_URL: database.url, PORT: String(port) });
    expect(await service.ended).toEqual({ code: 1, stdout: '', stderr: oneLine('the port is taken') });
    holder.close();
  });

  it.each<[string, Record<string, string>, string]>([
    ['an invalid variable', { PORT: 'http' }, 'Bad environment: PORT '],
    [
      'a database that is not reachable',
      { DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' },
      'Cannot connect to the database',
    ],
    [
      'NODE_ENV=production and no other variable',
      { NODE_ENV: 'production' },
      'BASE_URL is missing; TWO_FACTOR_KEYS is missing',
    ],
    [
      'a key that the repository published, in production',
      { NODE_ENV: 'production', TWO_FACTOR_KEYS: `development:${Buffer.alloc(32).toString('base64')}` },
      'TWO_FACTOR_KEYS has a key that others know',
    ],
    [
      'codes on a console and a base URL that is not local',
      { BASE_URL: 'https://auth.example.com' },
      'set NODE_ENV=production, or SMTP_URL',
    ],
  ])('refuses to start with %s', async (_, env, reason) => {
    const service = await start(env);
    expect(await service.ended).toEqual({ code: 1, stdout: '', stderr: oneLine(reason) });
  });
});

function oneLine(part: string): unknown {
  return expect.stringMatching(new RegExp(`^[^\\n]*${part}[^\\n]*\\n$`));
}

/** A connection that received its response and waits for the next request. */
async function keepAlive(port: number): Promise<{ closed: Promise<unknown> }> {
  const socket = await open(port);
  socket.write('GET /api/auth/ok HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  return { closed: once(socket, 'close') };
}

/** A sign-in whose body is held back, so that it is in progress for as long as the test wants. */
async function halfRequest(port: number): Promise<{ socket: Socket; finish(): Promise<string> }> {
  const body = JSON.stringify({ email: 'nobody@example.com', password: 'correct horse' });
  const socket = await open(port);
  socket.write(
    `POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  // A response on another connection shows that the service has read what was sent before.
  await fetch(`http://127.0.0.1:${port}/api/auth/ok`);
  return {
    socket,
    finish: async () => {
      socket.write(body.slice(5));
      let answer = '';
      for await (const chunk of socket) answer += String(chunk);
      return answer;
    },
  };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}
