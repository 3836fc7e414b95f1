import { Caller, enrol, signUp, type Owner } from './client.js';
import {
  SoftwareAuthenticator,
  type CeremonyOptions,
  type CredentialJson,
  type Deviation,
} from './software-authenticator.js';
import { TRUSTED_ORIGIN, type TestService } from './service.js';

/** Members of answers about passkeys that tests read. */
export interface PasskeyBody {
  readonly id: string;
  readonly name: string;
  readonly counter: number;
  readonly token: string;
  readonly backupCodes?: string[];
  readonly code?: string;
  readonly message?: string;
  readonly status?: boolean;
  readonly session?: { readonly token: string; readonly userId: string };
  readonly user: { readonly id: string; readonly twoFactorEnabled: boolean };
}

/** Settings of an authenticator without its origin. */
export type AuthenticatorSettings = Partial<ConstructorParameters<typeof SoftwareAuthenticator>[0]>;

export function newAuthenticator(settings: AuthenticatorSettings = {}): SoftwareAuthenticator {
  return new SoftwareAuthenticator({ origin: TRUSTED_ORIGIN, ...settings });
}

/** Asks for options; without a token as a caller without credential. */
export async function requestOptions(service: Pick<TestService, 'url'>, bearer?: string) {
  return new Caller(service).get<CeremonyOptions & { readonly code?: string }>(
    '/passkey/generate-authenticate-options',
    bearer,
  );
}

export async function creationOptions(service: Pick<TestService, 'url'>, bearer: string) {
  return new Caller(service).get<CeremonyOptions & { readonly code?: string }>(
    '/passkey/generate-register-options',
    bearer,
  );
}

export async function verifyRegistration(
  service: Pick<TestService, 'url'>,
  response: unknown,
  bearer: string,
  name?: string,
) {
  return new Caller(service).post<PasskeyBody>(
    '/passkey/verify-registration',
    { response, ...(name !== undefined && { name }) },
    bearer,
  );
}

export async function verifyAssertion(
  service: Pick<TestService, 'url'>,
  response: unknown,
  bearer?: string,
  more: object = {},
) {
  return new Caller(service).post<PasskeyBody>('/passkey/verify-authentication', { response, ...more }, bearer);
}

/** Registers a passkey on a session. @returns the answer, whose token replaces that of the session */
export async function register(
  service: Pick<TestService, 'url'>,
  authenticator: SoftwareAuthenticator,
  bearer: string,
  deviation: Deviation = {},
) {
  const options = await creationOptions(service, bearer);
  if (options.status !== 200) throw new Error(`Options answered ${options.status} ${String(options.body.code)}`);
  return verifyRegistration(service, authenticator.create(options.body, deviation), bearer);
}

/** Asks for options and answers them. */
export async function assertion(
  service: Pick<TestService, 'url'>,
  authenticator: SoftwareAuthenticator,
  bearer?: string,
  deviation: Deviation = {},
): Promise<CredentialJson> {
  const { status, body } = await requestOptions(service, bearer);
  if (status !== 200) throw new Error(`Options answered ${status} ${String(body.code)}`);
  return authenticator.get(body, deviation);
}

/** Asks for options, answers them and sends the answer. */
export async function authenticate(
  service: Pick<TestService, 'url'>,
  authenticator: SoftwareAuthenticator,
  bearer?: string,
  deviation: Deviation = {},
) {
  return verifyAssertion(service, await assertion(service, authenticator, bearer, deviation), bearer);
}

/** An account with a passkey and a strong session. */
export interface PasskeyOwner extends Owner {
  readonly authenticator: SoftwareAuthenticator;
  readonly passkeyId: string;
  readonly backupCodes: string[];
}

/** Signs up and registers a passkey, which turns two-factor on. */
export async function enrolPasskey(
  service: TestService,
  settings: AuthenticatorSettings = {},
  owner?: Owner,
): Promise<PasskeyOwner> {
  const account = owner ?? (await signUp(service));
  const authenticator = newAuthenticator(settings);
  const { status, body } = await register(service, authenticator, account.token);
  if (status !== 200) throw new Error(`Registering answered ${status} ${String(body.code)}`);
  const { id: passkeyId, token, backupCodes = [] } = body;
  return { ...account, authenticator, passkeyId, token, backupCodes };
}

/** The same with an authenticator app beside the passkey. */
export async function enrolBoth(service: TestService, settings: AuthenticatorSettings = {}) {
  const owner = await enrol(service);
  const withPasskey = await enrolPasskey(service, settings, owner);
  return { ...owner, ...withPasskey, app: owner.app, backupCodes: owner.backupCodes };
}
