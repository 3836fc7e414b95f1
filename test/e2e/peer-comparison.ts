import { createAuthClient } from 'better-auth/client';
import { twoFactorClient } from 'better-auth/client/plugins';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { betterAuth } from 'better-auth';
import { twoFactor } from 'better-auth/plugins';
import { FakeClock } from '../../src/two-factor/testing/fake-clock.js';
import { AuthenticatorApp, Browser } from '../support/client.js';
import { linkMailedTo } from '../support/links.js';
import { until } from '../support/messages.js';
import { startTestService, TRUSTED_ORIGIN } from '../support/service.js';

/** A server that the official client calls: this service or Better Auth itself. */
export interface Side {
  /** The unmodified client, in a browser of its own. */
  client(): OfficialClient;
  /** @returns the token of the n-th mailed link */
  linkToken(address: string, nth?: number): Promise<string>;
  authenticator(totpURI: string): AuthenticatorApp;
  close(): Promise<void>;
}

export type OfficialClient = ReturnType<typeof clientOf>;

function clientOf(baseURL: string, browserFetch: typeof fetch) {
  return createAuthClient({
    baseURL,
    fetchOptions: { customFetchImpl: browserFetch },
    plugins: [twoFactorClient()],
  });
}

export async function startOurs(): Promise<Side> {
  const service = await startTestService({ messages: true });
  return {
    client: () => clientOf(service.url, new Browser(service).fetch),
    linkToken: async (address, nth) => (await linkMailedTo(service, address, nth)).token,
    authenticator: (totpURI) => new AuthenticatorApp(totpURI, service),
    close: () => service.close(),
  };
}

/** The peer reads the clock of the machine, and accepts a code more than once. */
class PresentClock extends FakeClock {
  override now(): Date {
    return new Date();
  }

  override advance(): void {
    // The peer uses real time, so there is nothing to advance.
  }
}

const PEER = 'http://peer.localhost:3001';

/** Better Auth with the options that match this service most closely, and its data in memory. */
export function startPeer(): Side {
  const mails: Array<{ readonly to: string; readonly token: string }> = [];
  const mail = async ({ user, token }: { user: { email: string }; token: string }) => {
    mails.push({ to: user.email, token });
  };
  const auth = betterAuth({
    appName: 'Test',
    baseURL: PEER,
    secret: 'a secret of a test, which protects nothing at all',
    trustedOrigins: [TRUSTED_ORIGIN],
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], twoFactor: [] }),
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    // Better Auth skips these two checks by default when NODE_ENV is test.
    advanced: { disableOriginCheck: false, disableCSRFCheck: false },
    emailAndPassword: { enabled: true, sendResetPassword: mail, revokeSessionsOnPasswordReset: true },
    emailVerification: { sendVerificationEmail: mail },
    user: { changeEmail: { enabled: true }, deleteUser: { enabled: true } },
    plugins: [twoFactor()],
  });
  return {
    client() {
      const browser = new Browser({ url: `${PEER}/api/auth` });
      return clientOf(
        `${PEER}/api/auth`,
        browser.fetchFrom((request) => auth.handler(request)),
      );
    },
    linkToken: (address, nth = 1) => until(() => mails.filter(({ to }) => to === address)[nth - 1]?.token),
    authenticator: (totpURI) => new AuthenticatorApp(totpURI, { clock: new PresentClock() }),
    close: () => Promise.resolve(),
  };
}
