import { startSmtp } from '../test/delivery/smtp-fixture.js';
import { describeMachine, startHarness, spread, stop } from './harness.js';

/*
 * How long a code takes from the request to the mail server: from the first byte of `send-otp` to the last byte of the
 * mail, and beside it how long the request itself takes. `npm run bench:delivery [mails]`
 */

const LIMIT_MS = 100;
const PASSWORD = 'correct horse battery staple';

const count = Number(process.argv[2] ?? 60);
const harness = await startHarness();
const smtp = await startSmtp();
try {
  const service = await harness.start(harness.databaseUrl, {
    SMTP_URL: smtp.url,
    MAIL_FROM: 'codes@example.com',
    BCRYPT_COST: '10',
    LOG_LEVEL: 'error',
    // All requests come from one address.
    RATE_LIMIT: 'off',
  });
  await service.started;
  const post = poster(service.port);
  const mails: number[] = [];
  const answers: number[] = [];
  for (let n = 0; n < count; n++) {
    // An account sends one code in 30 seconds.
    const email = await enrol(post, `person${n}@example.com`);
    const { twoFactorToken } = await post('/sign-in/email', { email, password: PASSWORD });
    const asked = performance.now();
    const arrived = smtp.received(smtp.mails.length + 1);
    await post('/two-factor/send-otp', {}, twoFactorToken);
    answers.push(performance.now() - asked);
    await arrived;
    mails.push(performance.now() - asked);
  }
  console.log(describeMachine());
  console.log(
    `dist/main.js, NODE_ENV=production, Postgres and SMTP server on the same machine, ${count} codes, one by one`,
  );
  const { median, min, max } = spread(mails);
  console.log(
    `request to mail, ms: median ${median.toFixed(1)}, least ${min.toFixed(1)}, most ${max.toFixed(1)}; ` +
      `limit ${LIMIT_MS}, ratio ${(median / LIMIT_MS).toFixed(2)}`,
  );
  console.log(`request to answer, ms: median ${spread(answers).median.toFixed(1)}`);
  await stop(service);
} finally {
  await smtp.close();
  await harness.close();
}

type Post = (path: string, body: object, bearer?: string) => Promise<Record<string, string>>;

function poster(port: number): Post {
  return async (path, body, bearer) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/auth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) },
      body: JSON.stringify(body),
    });
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, string>;
  };
}

/** Signs up and turns mailed codes on. */
async function enrol(post: Post, email: string): Promise<string> {
  const { token } = await post('/sign-up/email', { email, password: PASSWORD, name: 'Bench' });
  await post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, token);
  await post('/two-factor/send-otp', {}, token);
  const mails = await smtp.received(smtp.mails.length + 1);
  const code = /^\d{6}$/m.exec(mails.at(-1)?.text ?? '')?.[0] ?? '';
  await post('/two-factor/verify-otp', { code }, token);
  // The notice that codes are on.
  await smtp.received(smtp.mails.length + 1);
  return email;
}
