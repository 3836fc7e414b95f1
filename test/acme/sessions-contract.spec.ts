import { describe, expect, it } from '@jest/globals';
import type {
  IncomingRequest,
  IssuedSession,
  SessionCarrier,
  SessionGrant,
  SessionIdentity,
  SessionRenewal,
} from '../../src/two-factor/index.js';
import { describeSessionGateway } from '../../src/two-factor/testing/index.js';
import { contractFailures } from '../support/contract-failures.js';
import { AcmeSessions } from './company/identity/acme-sessions.js';
import { Employees, type Employee } from './company/identity/employees.js';

/** Employees without a table. */
class EmployeesInMemory extends Employees {
  constructor() {
    super(undefined as never);
  }

  override async find(id: number): Promise<Employee> {
    const username = `worker${id}`;
    return { id, username, fullName: username, department: '', usesSecondFactor: false, hiredAt: new Date() };
  }
}

let accounts = 0;
const subject = (gateway: AcmeSessions) => async () => ({ gateway, newAccount: async () => String(++accounts) });

describeSessionGateway(
  'AcmeSessions keeps the contract of sessions',
  subject(new AcmeSessions(new EmployeesInMemory())),
);

/** @returns the tests of the contract that a gateway fails */
async function failuresOf(gateway: AcmeSessions): Promise<string[]> {
  const { tests, failures } = await contractFailures((api) => describeSessionGateway('', subject(gateway), api));
  expect(tests.length).toBeGreaterThan(20);
  return failures.map(({ test }) => test);
}

class Deaf extends AcmeSessions {
  override async identify(): Promise<null> {
    return null;
  }
}

/** Adopts the browser's previous token for the new session, which is session fixation. */
class Adopting extends AcmeSessions {
  private readonly adopted = new Map<string, string>();

  override async identify(request: IncomingRequest, carrier: SessionCarrier) {
    if (carrier.carrier === 'cookie') return super.identify(request, carrier);
    const token = this.adopted.get(carrier.token) ?? carrier.token;
    return super.identify(request, { carrier: 'authorization', token });
  }

  override async issue(grant: SessionGrant): Promise<IssuedSession> {
    const issued = await super.issue(grant);
    const brought = grant.request.cookies['acme_session'];
    if (brought) this.adopted.set(brought, issued.token);
    return issued;
  }
}

/** Reads a token from any carrier of the request. */
class AnyCarrier extends AcmeSessions {
  override async identify(request: IncomingRequest, carrier: SessionCarrier) {
    const [, token = ''] = String(request.headers['authorization'] ?? '').split(' ');
    return (
      (await super.identify(request, carrier)) ??
      (await super.identify(request, { carrier: 'cookie' })) ??
      super.identify(request, { carrier: 'authorization', token })
    );
  }
}

/** Opens a second session and leaves the first one alive. */
class Copying extends AcmeSessions {
  override async renew({
    session,
    secondFactor,
    amr,
    trustedDeviceId,
    request,
  }: SessionRenewal): Promise<IssuedSession> {
    return this.issue({ accountId: session.accountId, secondFactor, amr, trustedDeviceId, context: {}, request });
  }
}

class Sparing extends AcmeSessions {
  override async renew(renewal: SessionRenewal): Promise<IssuedSession | null> {
    return super.renew({ ...renewal, endOthers: false });
  }
}

class Sweeping extends AcmeSessions {
  override async renew(renewal: SessionRenewal): Promise<IssuedSession | null> {
    return super.renew({ ...renewal, endOthers: true });
  }
}

class Boasting extends AcmeSessions {
  override async renew(renewal: SessionRenewal): Promise<IssuedSession | null> {
    return super.renew({ ...renewal, secondFactor: 'totp' });
  }
}

class Endless extends AcmeSessions {
  override async end(): Promise<void> {}
}

class Outliving extends AcmeSessions {
  override async endAll(): Promise<void> {}
}

class Trusting extends AcmeSessions {
  override async holds(): Promise<boolean> {
    return true;
  }
}

class Unmoved extends AcmeSessions {
  override async endDevice(): Promise<void> {}
}

class Forgetful extends AcmeSessions {
  override async issue(grant: SessionGrant): Promise<IssuedSession> {
    return super.issue({ ...grant, trustedDeviceId: null });
  }
}

class Fussy extends AcmeSessions {
  private readonly ended = new Set<string>();

  override async end(session: SessionIdentity): Promise<void> {
    if (this.ended.has(session.sessionId)) throw new Error('There is no such session');
    this.ended.add(session.sessionId);
    await super.end(session);
  }
}

class Readable extends AcmeSessions {
  override async issue(grant: SessionGrant): Promise<IssuedSession> {
    const issued = await super.issue(grant);
    return { ...issued, headers: issued.headers.map(([name, line]) => [name, line.replace('; HttpOnly', '')]) };
  }
}

describe('the contract of sessions', () => {
  it.each([
    ['finds no session by a token', Deaf, 'issue opens a session that its token leads to'],
    ['adopts a planted token', Adopting, 'issue adopts no token that the client brought along [ASVS 7.2.4]'],
    [
      'accepts a token from another carrier',
      AnyCarrier,
      'identify falls back on no other carrier when a token leads nowhere',
    ],
    ['keeps the old token valid', Copying, 'renew gives the session a new token, and the old one is dead'],
    ['revives an ended session', Copying, 'renew is null for a session that ended meanwhile, and revives nothing'],
    [
      'keeps the other sessions alive when told to end them',
      Sparing,
      'renew ends all other sessions of the account and of no other when told so',
    ],
    [
      'ends the other sessions without being told to',
      Sweeping,
      'renew leaves the other sessions alone unless told otherwise',
    ],
    [
      'makes sessions strong without a second factor',
      Boasting,
      'renew leaves the strength as it is when none was proven',
    ],
    ['never ends a session', Endless, 'end ends that session and no other'],
    ['never ends all sessions of an account', Outliving, 'endAll ends every session of the account and of no other'],
    ['reports an ended session as held', Trusting, 'holds is false once the session has ended'],
    [
      'reports a session as held under a replaced token',
      Trusting,
      'holds is false once the session has another token, and true for what is found by that one',
    ],
    [
      'keeps the sessions of a copied device',
      Unmoved,
      'endDevice ends the sessions of the account that came from that device and no others',
    ],
    ['forgets the trusted device', Forgetful, 'identify tells the trusted device of a session, through renewals too'],
    ['throws when a session is ended twice', Fussy, 'end may be said twice'],
    ['lets scripts read its cookie', Readable, 'identify finds the session of the cookie that it set'],
  ])('rejects a gateway that %s', async (_, Gateway, test) => {
    expect(await failuresOf(new Gateway(new EmployeesInMemory()))).toContain(test);
  });

  it('rejects a gateway that finds a session whose life has run out', async () => {
    const gateway = subject(new AcmeSessions(new EmployeesInMemory()));
    // Nothing runs out here, so each session of the gateway counts as one that outlives its life.
    const everlasting = async () => ({ ...(await gateway()), expire: async () => undefined });
    const { failures } = await contractFailures((api) => describeSessionGateway('', everlasting, api));
    expect(failures.map(({ test }) => test)).toEqual([
      'a session whose life has run out is neither found nor held nor renewed, where the subject can let it run out',
    ]);
  });
});
