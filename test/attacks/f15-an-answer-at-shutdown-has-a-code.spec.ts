import { afterAll, beforeAll, expect, describe, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ensureBuilt } from '../support/build.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

const BODY = JSON.stringify({ email: 'stranger@example.com', password: 'correct horse' });

const head = (method: string, path: string, length: number) =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

describe('F15: a client that is refused at shutdown learns why', () => {
  let folder: string;
  let database: TestDatabase;
  let service: ServiceProcess;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-stop-'));
    database = await createTestDatabase();
    await ensureBuilt();
    service = await startProcess(folder, { DATABASE_URL: database.url, LOG_LEVEL: 'debug' });
    await service.started;
  }, 300_000);
  afterAll(async () => {
    service.child.kill('SIGKILL');
    await service.ended;
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (): Promise<Socket> => {
    const socket = connect(service.port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };

  it('answers a request in flight, and answers the next one on its connection with 503 and a code', async () => {
    const [kept, idle] = [await open(), await open()];
    // A request in flight keeps its connection open while the service stops.
    kept.write(head('POST', '/api/auth/sign-in/email', BODY.length) + BODY.slice(0, 5));
    idle.write('GET /api/auth/ok HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle, 'data');
    const stopping = once(idle, 'close');
    service.child.kill('SIGTERM');
    await stopping;

    const page = 'GET /api/auth/get-session HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:';
    kept.write(`${BODY.slice(5)}${page}${service.port}\r\n\r\n`);
    const answers = (await text(kept)).split(/(?=HTTP\/1\.1 )/);
    expect(answers.map((answer) => answer.slice(0, 12))).toEqual(['HTTP/1.1 401', 'HTTP/1.1 503']);
    const [headers = '', body = ''] = answers[1]?.split('\r\n\r\n') ?? [];
    expect(JSON.parse(body)).toEqual({
      message: 'The service is not available right now. Please try again.',
      code: 'SERVICE_UNAVAILABLE',
    });
    expect(headers).toMatch(/^retry-after: [1-9]\d*\r?$/im);
    expect(headers).toMatch(/^connection: close\r?$/im);
    expect(headers).toMatch(/^cache-control: no-store\r?$/im);
    expect(headers).toMatch(/^x-request-id: \S+\r?$/im);
    expect(headers).toMatch(/^access-control-allow-origin: http:\/\/localhost:\d+\r?$/im);
    expect(await service.ended).toMatchObject({ code: 0, stderr: '' });
  }, 120_000);
});
