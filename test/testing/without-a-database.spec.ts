import type { Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  HttpCode,
  Injectable,
  Post,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Accepts,
  Clock,
  CurrentCaller,
  CurrentExchange,
  CurrentSession,
  OriginGuard,
  RequireSecondFactor,
  RequireTwoFactor,
  TwoFactorException,
  TwoFactorGuard,
  TwoFactorService,
  UnknownKeyError,
  type GuardedRequest,
  type HttpExchange,
  type LeavingCaller,
  type SessionIdentity,
} from '../../src/two-factor/index.js';
import {
  describeKeyRing,
  describeSessionGateway,
  executionContextOf,
  FakeClock,
  FakeKeyRing,
  FakeSessions,
  FakeTwoFactorService,
  RecordingMailSender,
  RecordingSmsSender,
  sessionCaller,
  TwoFactorTestingModule,
} from '../../src/two-factor/testing/index.js';
import { Caller } from '../support/client.js';

describeKeyRing('FakeKeyRing keeps the contract of key rings', async () => ({
  ring: new FakeKeyRing(['k2', 'k1']),
  again: () => new FakeKeyRing(['k2', 'k1']),
}));

let accounts = 0;
describeSessionGateway('FakeSessions keeps the contract of sessions', async () => ({
  gateway: new FakeSessions(),
  newAccount: async () => `account${++accounts}`,
}));

/** A rule of the host: five minutes after the second factor, only small sums are allowed. */
@Injectable()
class FreshFactorGuard implements CanActivate {
  constructor(private readonly clock: Clock) {}

  canActivate(context: ExecutionContext): boolean {
    const { caller } = context.switchToHttp().getRequest<GuardedRequest>().twoFactor;
    const provenAt = caller.kind === 'session' ? caller.session.secondFactorAt : null;
    const fresh = provenAt !== null && this.clock.now().getTime() - provenAt.getTime() <= 300_000;
    if (!fresh) throw new ForbiddenException('Prove your second factor again');
    return true;
  }
}

/** A host's routes, as they are in production. */
@Controller()
class BankController {
  constructor(private readonly twoFactor: TwoFactorService) {}

  @Post('login')
  @HttpCode(200)
  @UseGuards(OriginGuard)
  async login(@Body() { account }: { account: string }, @CurrentExchange() exchange: HttpExchange) {
    const result = await this.twoFactor.signIn({ accountId: account, context: {}, request: exchange.request });
    exchange.setHeaders(result.headers);
    return result.kind === 'session' ? { token: result.issued.token } : result.body;
  }

  @Get('balance')
  @UseGuards(TwoFactorGuard)
  balance(@CurrentSession() session: SessionIdentity) {
    return { account: session.accountId };
  }

  @Post('payments/limit')
  @UseGuards(TwoFactorGuard)
  @RequireTwoFactor({ maxAge: '5m', acr: 'phr' })
  raiseLimit() {
    return { raised: true };
  }

  @Post('payments')
  @UseGuards(TwoFactorGuard)
  @RequireSecondFactor()
  pay(@CurrentSession() session: SessionIdentity) {
    return { payer: session.accountId };
  }

  @Post('logout')
  @HttpCode(200)
  @UseGuards(TwoFactorGuard)
  @Accepts('sign-out')
  async logout(@CurrentCaller() caller: LeavingCaller, @CurrentExchange() exchange: HttpExchange) {
    exchange.setHeaders(await this.twoFactor.signOut(caller, exchange.request));
    return { ended: caller.sessions.length + caller.challenges.length };
  }
}

describe("a host's routes on TwoFactorTestingModule", () => {
  let app: INestApplication<Server>;
  let caller: Caller;
  let twoFactor: FakeTwoFactorService;
  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [TwoFactorTestingModule.forRoot({ stepUp: { status: 403 } })],
      controllers: [BankController],
    }).compile();
    app = module.createNestApplication<INestApplication<Server>>(new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    caller = new Caller({ url: await app.getUrl() });
    twoFactor = app.get(FakeTwoFactorService);
  });
  afterAll(() => app.close());
  let account: string;
  beforeEach(() => {
    account = `account${++accounts}`;
  });

  it('let an account without two-factor in by its password', async () => {
    const { body } = await caller.post('/login', { account });
    expect(await caller.get('/balance', body.token)).toMatchObject({ status: 200, body: { account } });
    expect((await caller.post('/payments', {}, body.token)).status).toBe(201);
    expect(twoFactor.calls).toContainEqual({ method: 'signIn', accountId: account });
  });

  it('answer a challenge once the test has turned two-factor on, which is no session', async () => {
    twoFactor.turnOn(account, ['totp', 'otp']);
    const { body } = await caller.post('/login', { account });
    expect(body).toMatchObject({ twoFactorRedirect: true, twoFactorMethods: ['totp', 'otp'] });
    expect((await caller.get('/balance', body.twoFactorToken)).status).toBe(401);
    expect((await caller.get('/balance')).status).toBe(401);
  });

  it('ask a weak session for its second factor, and a strong one not', async () => {
    twoFactor.turnOn(account);
    const weak = await twoFactor.openSession(account);
    const refused = await caller.post('/payments', {}, weak.token);
    expect(refused).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
    const strong = await twoFactor.openSession(account, { strong: true });
    expect(await caller.post('/payments', {}, strong.token)).toMatchObject({ status: 201, body: { payer: account } });
  });

  it('tell below @RequireTwoFactor what is missing, and accept a passkey where the test opens a session with one', async () => {
    expect((await caller.post('/payments/limit', {}, (await twoFactor.openSession(account)).token)).body.code).toBe(
      'ENROLMENT_REQUIRED',
    );
    twoFactor.turnOn(account, ['passkey', 'totp']);
    const byApp = await twoFactor.openSession(account, { strong: true });
    const refused = await caller.post('/payments/limit', {}, byApp.token);
    const lacking = { code: 'SECOND_FACTOR_REQUIRED', maxAge: 300, acr: 'phr', methods: ['passkey', 'totp'] };
    expect(refused).toMatchObject({ status: 403, body: lacking });
    const amr = ['swk', 'pop', 'user', 'mfa'];
    const byPasskey = await twoFactor.openSession(account, { strong: true, amr });
    expect((await caller.post('/payments/limit', {}, byPasskey.token)).status).toBe(201);
  });

  it('answer the same from the service itself', async () => {
    const service = app.get(TwoFactorService);
    const weak = sessionCaller({ accountId: account }).session;
    await service.requireTwoFactor(weak, { whenOff: 'allow' });
    await expect(service.requireTwoFactor(weak)).rejects.toMatchObject({ code: 'ENROLMENT_REQUIRED' });
    twoFactor.turnOn(account);
    await expect(service.requireTwoFactor(weak, { maxAge: '5m' })).rejects.toMatchObject({
      response: { maxAge: 300, acr: 'mfa', methods: ['totp'] },
    });
    const at = new Date();
    const strong = sessionCaller({ accountId: account, secondFactorAt: at, amr: ['pwd', 'otp', 'mfa'] }).session;
    await service.requireTwoFactor(strong, { maxAge: '5m' });
    expect(service.claims(strong)).toMatchObject({ auth_time: Math.floor(at.getTime() / 1000), acr: 'mfa' });
  });

  it('let a trusted device in without a challenge', async () => {
    twoFactor.turnOn(account);
    twoFactor.trustDevice(account, 'device');
    const { body } = await caller.post('/login', { account });
    expect((await caller.get('/balance', body.token)).status).toBe(200);
    twoFactor.trustDevice(account, null);
    expect((await caller.post('/login', { account })).body.twoFactorRedirect).toBe(true);
  });

  it('end what a caller leaves with', async () => {
    const { token } = await twoFactor.openSession(account);
    expect(await caller.post('/logout', {}, token)).toMatchObject({ status: 200, body: { ended: 1 } });
  });

  it('lose their sessions by a reset', async () => {
    twoFactor.turnOn(account);
    const { token } = await twoFactor.openSession(account, { strong: true });
    await app.get(TwoFactorService).reset(account);
    expect((await caller.get('/balance', token)).status).toBe(401);
    expect(await app.get(TwoFactorService).isEnabled(account)).toBe(false);
    await expect(
      app.get(TwoFactorService).requireStrong(sessionCaller({ accountId: account }).session),
    ).resolves.toBeUndefined();
    twoFactor.turnOn(account);
    await expect(
      app.get(TwoFactorService).requireStrong(sessionCaller({ accountId: account }).session),
    ).rejects.toThrow(TwoFactorException);
  });
});

describe("a host's guard, by itself", () => {
  const clock = new FakeClock();
  const guard = new FreshFactorGuard(clock);

  it('lets a factor of a minute ago in, and none of ten minutes ago', () => {
    const caller = sessionCaller({ secondFactorAt: clock.now() });
    const context = executionContextOf(caller, { controller: BankController, handler: 'pay' });
    clock.advance(60);
    expect(guard.canActivate(context)).toBe(true);
    clock.advance(540);
    expect(() => guard.canActivate(context)).toThrow(ForbiddenException);
    expect(context.getHandler().name).toBe('pay');
    expect(context.getClass()).toBe(BankController);
  });

  it('refuses a session without a second factor, and who has none', () => {
    expect(() => guard.canActivate(executionContextOf(sessionCaller()))).toThrow(ForbiddenException);
    expect(() => guard.canActivate(executionContextOf({ kind: 'anonymous' }))).toThrow(ForbiddenException);
  });

  it('sees the request that the test describes, and its header lines can be read', () => {
    const headers = { 'user-agent': 'test', cookie: 'a=1' };
    const context = executionContextOf(sessionCaller(), { request: { method: 'GET', headers, tenant: 'anvils' } });
    const { exchange } = context.switchToHttp().getRequest<GuardedRequest>().twoFactor;
    expect(exchange.request).toMatchObject({ cookies: { a: '1' }, userAgent: 'test', ip: '192.0.2.1' });
    expect(context.switchToHttp().getRequest()).toMatchObject({ method: 'GET', tenant: 'anvils' });
    exchange.setHeaders([
      ['Set-Cookie', 'a=2'],
      ['set-cookie', 'b=3'],
      ['Retry-After', '1'],
    ]);
    expect(Object.fromEntries(context.responseHeaders)).toEqual({ 'set-cookie': 'a=2\nb=3', 'retry-after': '1' });
    expect(() => context.switchToWs()).toThrow('ws');
  });
});

describe('FakeKeyRing', () => {
  it('rotates, and loses keys', () => {
    const ring = new FakeKeyRing();
    const sealing = ring.derive('k1', 'seal');
    ring.rotate('k2');
    expect([ring.current, ring.kids]).toEqual(['k2', ['k2', 'k1']]);
    expect(ring.derive('k1', 'seal')).toEqual(sealing);
    ring.lose('k1');
    expect(() => ring.derive('k1', 'seal')).toThrow(UnknownKeyError);
  });
});

const mailTo = (to: string, text: string) => ({ id: 'id', to, subject: 'subject', text, html: '' });

describe('the recording senders', () => {
  it('keep what was sent, and find the latest code', async () => {
    const [mail, sms] = [new RecordingMailSender(), new RecordingSmsSender()];
    await mail.send(mailTo('ada@acme.example', 'Your code:\n123456\n'));
    await mail.send(mailTo('ada@acme.example', 'Two-factor is on.'));
    await mail.send(mailTo('bob@acme.example', '654321'));
    await sms.send({ id: 'id', to: '+4915112345678', text: '112233 is your code' });
    expect(mail.codeTo('ada@acme.example')).toBe('123456');
    expect(mail.to('ada@acme.example')).toHaveLength(2);
    expect(mail.sent).toHaveLength(3);
    expect(sms.codeTo('+4915112345678')).toBe('112233');
    expect(() => mail.codeTo('eve@acme.example')).toThrow('No code was sent to eve@acme.example');
  });

  it('fail when the test says so', async () => {
    const mail = new RecordingMailSender();
    mail.fail(new Error('The mail server is away'));
    await expect(mail.send(mailTo('ada@acme.example', ''))).rejects.toThrow('away');
    mail.fail(null);
    await mail.send(mailTo('ada@acme.example', ''));
    expect(mail.sent).toHaveLength(1);
  });
});
