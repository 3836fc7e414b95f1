import type { InjectionToken, Provider, Type } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { HkdfKeyRing } from './adapters/hkdf-key-ring.js';
import { LogSecurityEvents } from './adapters/log-security-events.js';
import { SystemClock } from './adapters/system-clock.js';
import { SystemRandom } from './adapters/system-random.js';
import { PRUNE_CHALLENGES } from './challenge/challenge.statements.js';
import type { Factor } from './factor/factor.js';
import type { FactorPlugin } from './factor/factor-plugin.js';
import { FactorRegistry } from './factor/factor-registry.js';
import { Factors } from './factor/factors.js';
import { KeyRotation } from './keys/key-rotation.js';
import { AesGcmSealer } from './keys/sealer.js';
import { AccountDirectory } from './ports/account-directory.js';
import { Clock } from './ports/clock.js';
import { KeyRing } from './ports/key-ring.js';
import { MailSender } from './ports/mail-sender.js';
import { MessageTemplates } from './ports/message-templates.js';
import { Outbox } from './ports/outbox.js';
import { PasswordVerifier } from './ports/password-verifier.js';
import { Random } from './ports/random.js';
import { SecurityEvents } from './ports/security-events.js';
import { SessionGateway } from './ports/session-gateway.js';
import { SmsSender } from './ports/sms-sender.js';
import { boundedPort } from './postgres/bounded-port.js';
import { Database } from './postgres/database.js';
import { PruneJob } from './postgres/prune.js';
import { keyRotation } from './two-factor.key-rotation.js';
import { CredentialSource } from './routes/credential-source.js';
import { TwoFactorOptions } from './two-factor.options.js';
import type { PortToken, TwoFactorPorts, TwoFactorStructure } from './two-factor.ports.js';

type Port<T> = abstract new (...parameters: never[]) => T;

/** The methods that a port must have: a class that lacks one is found out at start, not at the first request. */
const METHODS = {
  AccountDirectory: ['find', 'recordTwoFactor'] satisfies Array<keyof AccountDirectory>,
  SessionGateway: ['identify', 'issue', 'renew', 'holds', 'end', 'endAll', 'endDevice'] satisfies Array<
    keyof SessionGateway
  >,
  PasswordVerifier: ['verify'] satisfies Array<keyof PasswordVerifier>,
  KeyRing: ['derive'] satisfies Array<keyof KeyRing>,
  Clock: ['now'] satisfies Array<keyof Clock>,
  Random: ['bytes'] satisfies Array<keyof Random>,
  SecurityEvents: ['emit'] satisfies Array<keyof SecurityEvents>,
  MailSender: ['send'] satisfies Array<keyof MailSender>,
  SmsSender: ['send'] satisfies Array<keyof SmsSender>,
  Outbox: [] satisfies Array<keyof Outbox>,
  MessageTemplates: ['mail', 'sms'] satisfies Array<keyof MessageTemplates>,
  CredentialSource: ['find'] satisfies Array<keyof CredentialSource>,
} as const;

/** Puts what the host gave, or the library's own adapters, behind the ports. */
export function hostProviders(ports: TwoFactorStructure): Provider[] {
  return [
    required('accounts', AccountDirectory, ports.accounts),
    required('sessions', SessionGateway, ports.sessions),
    checked('passwords', PasswordVerifier, given('passwords', PasswordVerifier, ports.passwords)),
    replaceable('clock', Clock, ports.clock, SystemClock),
    replaceable('random', Random, ports.random, SystemRandom),
    replaceable('events', SecurityEvents, ports.events, LogSecurityEvents),
    optional('mail', MailSender, ports.mail),
    optional('sms', SmsSender, ports.sms),
    optional('outbox', Outbox, ports.outbox),
    optional('templates', MessageTemplates, ports.templates),
    replaceable('credentials', CredentialSource, ports.credentials, CredentialSource),
    ports.keyRing
      ? checked('keyRing', KeyRing, ports.keyRing)
      : {
          provide: KeyRing,
          inject: [TwoFactorOptions],
          useFactory: ({ keys }: TwoFactorOptions) => new HkdfKeyRing(keys),
        },
    {
      provide: Database,
      inject: [{ token: getDataSourceToken(ports.dataSource), optional: true }, TwoFactorOptions],
      useFactory: (dataSource: DataSource | undefined, { database }: TwoFactorOptions) => {
        if (!dataSource) throw new Error(noDataSource(ports.dataSource));
        return new Database(dataSource, database);
      },
    },
  ];
}

function noDataSource(name: string | undefined): string {
  return name === undefined
    ? 'TwoFactorModule finds no default TypeORM data source: name yours, as in `dataSource: "bank"`'
    : `TwoFactorModule finds no TypeORM data source named "${name}": give \`dataSource\` the \`name\` of TypeOrmModule.forRoot`;
}

/** Everything that the factors bring, and the registry of them. */
export function factorProviders(plugins: readonly FactorPlugin[]): Provider[] {
  return [
    { provide: FactorRegistry, useFactory: () => new FactorRegistry(plugins) },
    {
      provide: Factors,
      inject: [FactorRegistry, ...plugins.map(({ factor }) => factor)],
      useFactory: (registry: FactorRegistry, ...factors: Array<Factor<never, never>>) => new Factors(registry, factors),
    },
    {
      provide: KeyRotation,
      inject: [Database, KeyRing, AesGcmSealer],
      useFactory: (database: Database, ring: KeyRing, sealer: AesGcmSealer) =>
        keyRotation(database, ring, plugins, sealer),
    },
    {
      provide: PruneJob,
      inject: [Database, TwoFactorOptions],
      useFactory: (database: Database, { pruneInterval }: TwoFactorOptions) =>
        new PruneJob(database, [PRUNE_CHALLENGES, ...plugins.flatMap(({ prune }) => prune ?? [])], pruneInterval),
    },
    ...plugins.flatMap(({ factor, providers }) => [factor, ...(providers ?? [])]),
  ];
}

/** @throws {Error} at start, naming the port that the host forgot */
function given<T>(option: keyof TwoFactorPorts, port: Port<T>, token: PortToken<T> | undefined): PortToken<T> {
  if (!token) throw new Error(`TwoFactorModule needs a ${port.name}: name the class of yours as \`${option}\``);
  return token;
}

/** A port that is called inside transactions of the library. */
function required<T extends object>(
  option: keyof TwoFactorPorts,
  port: Port<T>,
  token: PortToken<T> | undefined,
): Provider {
  return {
    provide: port,
    inject: [given(option, port, token) as InjectionToken, Database],
    useFactory: (adapter: T, database: Database) =>
      boundedPort(port.name, checkedAdapter(option, port, adapter), database),
  };
}

function checked<T>(option: keyof TwoFactorPorts, port: Port<T>, token: PortToken<T>): Provider {
  return {
    provide: port,
    inject: [token as InjectionToken],
    useFactory: (adapter: T) => checkedAdapter(option, port, adapter),
  };
}

/** Null stands for what the host does without, and a provider of the host may be null: nothing is configured for it. */
function optional<T>(option: keyof TwoFactorPorts, port: Port<T>, token: PortToken<T> | undefined): Provider {
  if (!token) return { provide: port, useValue: null };
  return {
    provide: port,
    inject: [token as InjectionToken],
    useFactory: (adapter: T | null) => adapter && checkedAdapter(option, port, adapter),
  };
}

function replaceable<T>(
  option: keyof TwoFactorPorts,
  port: Port<T>,
  token: PortToken<T> | undefined,
  adapter: Type<T>,
): Provider {
  return token ? checked(option, port, token) : { provide: port, useClass: adapter };
}

/** @throws {Error} at start, naming the method that the host's class lacks */
function checkedAdapter<T>(option: keyof TwoFactorPorts, port: Port<T>, adapter: T): T {
  const methods: readonly string[] = METHODS[port.name as keyof typeof METHODS];
  const lacking = methods.filter((name) => typeof (adapter as Record<string, unknown> | null)?.[name] !== 'function');
  if (lacking.length === 0) return adapter;
  const name = (adapter as object | null)?.constructor.name ?? String(adapter);
  throw new Error(
    `\`${option}\` of TwoFactorModule is no ${port.name}: ${name} lacks ${lacking.map((method) => `${method}()`).join(', ')}`,
  );
}
