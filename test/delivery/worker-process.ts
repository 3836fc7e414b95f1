import 'reflect-metadata';
import { createWorker, QUICK } from './outbox-fixture.js';

/* A worker in a process of its own, for tests that kill it: `DATABASE_URL`, `SMTP_URL` and `KEY` (base64) are given. */
const { DATABASE_URL = '', SMTP_URL = '', KEY = '' } = process.env;
const key = { kid: 'test', secret: Buffer.from(KEY, 'base64') };
createWorker(DATABASE_URL, key, SMTP_URL, QUICK).onApplicationBootstrap();
