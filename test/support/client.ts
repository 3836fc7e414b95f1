import { parseSetCookie } from 'cookie';
import { ScureBase32Plugin } from 'otplib';
import { codeOfStep, stepAt } from '../../src/two-factor/factors/totp/totp.js';
import { learnFromAnswer, learnFromRequest } from './leaks/traffic.js';
import { TRUSTED_ORIGIN, type TestService } from './service.js';

/** A response. Its body is parsed if it is JSON. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Members of response bodies that tests read. */
export interface AnyBody {
  readonly token: string;
  readonly twoFactorToken: string;
  readonly trustedDeviceToken: string;
  readonly twoFactorRedirect?: boolean;
  readonly twoFactorMethods: string[];
  readonly totpURI: string;
  readonly backupCodes: string[];
  readonly code?: string;
  readonly message?: string;
  readonly status?: boolean;
  readonly method?: string;
  readonly errors?: Record<string, string[]>;
  readonly user: Record<string, unknown> & { readonly id: string; readonly twoFactorEnabled: boolean };
  readonly session?: Record<string, unknown> & { readonly token: string };
}

/** @returns the headers of a response without those that differ between any two requests */
export function lastingHeaders(headers: Headers): Array<[name: string, value: string]> {
  return [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
}

/** A program without cookies. Sends the given token as a bearer token. */
export class Caller {
  constructor(protected readonly service: Pick<TestService, 'url'>) {}

  async post<Body = AnyBody>(path: string, body: unknown = {}, bearer?: string, headers: Record<string, string> = {}) {
    return this.send<Body>('POST', path, body, { ...(bearer && { authorization: `Bearer ${bearer}` }), ...headers });
  }

  async get<Body = AnyBody>(path: string, bearer?: string, headers: Record<string, string> = {}) {
    return this.send<Body>('GET', path, undefined, {
      ...(bearer && { authorization: `Bearer ${bearer}` }),
      ...headers,
    });
  }

  async patch<Body = AnyBody>(path: string, body: unknown, bearer: string, headers: Record<string, string> = {}) {
    return this.send<Body>('PATCH', path, body, { authorization: `Bearer ${bearer}`, ...headers });
  }

  async delete<Body = AnyBody>(path: string, bearer?: string, headers: Record<string, string> = {}) {
    return this.send<Body>('DELETE', path, undefined, {
      ...(bearer && { authorization: `Bearer ${bearer}` }),
      ...headers,
    });
  }

  protected async send<Body>(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<Answer<Body>> {
    // A service in a separate process cannot record its own traffic for the leak search.
    learnFromRequest(headers, body);
    const response = await fetch(this.service.url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'manual',
    });
    this.received(response);
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    learnFromAnswer(Object.fromEntries(response.headers), json ? text : '');
    return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as Body };
  }

  protected received(_response: Response): void {
    // A program without cookies stores nothing.
  }
}

/** A browser on a trusted page: it stores cookies and sends its origin. */
export class Browser extends Caller {
  readonly cookies = new Map<string, string>();

  constructor(
    service: Pick<TestService, 'url'>,
    private readonly origin = TRUSTED_ORIGIN,
  ) {
    super(service);
  }

  protected override async send<Body>(method: string, path: string, body: unknown, headers: Record<string, string>) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return super.send<Body>(method, path, body, { origin: this.origin, ...(cookie && { cookie }), ...headers });
  }

  protected override received(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const { name, value, maxAge } = parseSetCookie(line);
      if (maxAge === 0) this.cookies.delete(name);
      else this.cookies.set(name, encodeURIComponent(value ?? ''));
    }
  }

  /** A `fetch` with this browser's cookies, for clients that have none themselves. */
  readonly fetch: typeof fetch = this.fetchFrom((request) => fetch(request));

  /** The same with a function in place of the network. */
  fetchFrom(answer: (request: Request) => Promise<Response>): typeof fetch {
    return async (input, init) => {
      const request = new Request(input, init);
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      request.headers.set('origin', this.origin);
      if (cookie) request.headers.set('cookie', cookie);
      const response = await answer(request);
      this.received(response);
      return response;
    };
  }
}

const base32 = new ScureBase32Plugin();

/** An authenticator app that has scanned a URI. */
export class AuthenticatorApp {
  private readonly secret: Uint8Array;

  constructor(
    totpURI: string,
    private readonly service: Pick<TestService, 'clock'>,
  ) {
    this.secret = base32.decode(new URL(totpURI).searchParams.get('secret') ?? '');
  }

  /** @returns the current code, or the code a number of steps from now */
  code(steps = 0): string {
    return codeOfStep(this.secret, stepAt(this.service.clock.now()) + steps);
  }

  /** Advances the clock by one step. @returns a code that the app did not show before */
  nextCode(): string {
    this.service.clock.advance(30);
    return this.code();
  }

  /** @returns a code that no step near the current one accepts */
  wrongCode(): string {
    const near = new Set([-2, -1, 0, 1, 2].map((steps) => this.code(steps)));
    for (let n = 0; ; n++) {
      const code = String(n).padStart(6, '0');
      if (!near.has(code)) return code;
    }
  }
}

export const PASSWORD = 'correct horse battery staple';

let accounts = 0;

/** An account: address, password and a session token. */
export interface Owner {
  readonly email: string;
  readonly id: string;
  token: string;
}

export async function signUp(service: TestService): Promise<Owner> {
  const email = `owner${++accounts}@example.com`;
  const { status, body } = await new Caller(service).post('/sign-up/email', {
    email,
    password: PASSWORD,
    name: 'Owner',
  });
  if (status !== 200) throw new Error(`Sign-up answered ${status}`);
  return { email, id: body.user.id, token: body.token };
}

/** An account with two-factor on. */
export interface EnrolledOwner extends Owner {
  readonly app: AuthenticatorApp;
  readonly backupCodes: string[];
}

/** Signs up, enables two-factor and confirms it. The token is then that of a strong session. */
export async function enrol(service: TestService): Promise<EnrolledOwner> {
  const caller = new Caller(service);
  const owner = await signUp(service);
  const { body } = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
  const app = new AuthenticatorApp(body.totpURI, service);
  const confirmed = await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, owner.token);
  if (confirmed.status !== 200) throw new Error(`Confirming answered ${confirmed.status}`);
  return { ...owner, token: confirmed.body.token, app, backupCodes: body.backupCodes };
}

/** Passes the first factor. @returns the challenge token */
export async function openChallenge(service: TestService, owner: Owner): Promise<string> {
  const { body } = await new Caller(service).post('/sign-in/email', { email: owner.email, password: PASSWORD });
  return body.twoFactorToken;
}
