import 'reflect-metadata';
import { createWorker, QUICK } from './outbox-fixture.js';

/*
 * A worker in a separate process, for tests that kill it. Its variables are `DATABASE_URL`, `SMTP_URL` and `KEY`
 * (base64).
 */
const { DATABASE_URL = '', SMTP_URL = '', KEY = '' } = process.env;
const key = { kid: 'test', secret: Buffer.from(KEY, 'base64') };
createWorker(DATABASE_URL, key, SMTP_URL, QUICK).onApplicationBootstrap();
