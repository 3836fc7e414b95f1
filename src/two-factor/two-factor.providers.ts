import type { InjectionToken, Provider, Type } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { HkdfKeyRing } from './adapters/hkdf-key-ring.js';
import { LogSecurityEvents } from './adapters/log-security-events.js';
import { SystemClock } from './adapters/system-clock.js';
import { SystemRandom } from './adapters/system-random.js';
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
import { Database } from './postgres/database.js';
import { keyRotation } from './two-factor.key-rotation.js';
import { TwoFactorOptions } from './two-factor.options.js';

/**
 * Which providers of the host stand behind the ports. Each must be exported by a module among `imports`, or by a global
 * one. The first three are needed; for the others the library has adapters of its own.
 */
export interface TwoFactorPorts {
  readonly accounts?: InjectionToken<AccountDirectory>;
  readonly sessions?: InjectionToken<SessionGateway>;
  readonly passwords?: InjectionToken<PasswordVerifier>;
  readonly keyRing?: InjectionToken<KeyRing>;
  readonly clock?: InjectionToken<Clock>;
  readonly random?: InjectionToken<Random>;
  readonly events?: InjectionToken<SecurityEvents>;
  /** Sends mail: with it come mailed codes and notices. Needs `outbox` and `templates`. */
  readonly mail?: InjectionToken<MailSender>;
  /** Sends text messages: with it come texted codes. Needs `outbox` and `templates`. */
  readonly sms?: InjectionToken<SmsSender>;
  readonly outbox?: InjectionToken<Outbox>;
  readonly templates?: InjectionToken<MessageTemplates>;
  /**
   * The kinds of second factor, in the order of preference; `defaultFactors` otherwise. An account whose only factor is taken
   * out of the list has two-factor off.
   */
  readonly factors?: readonly FactorPlugin[];
  /** Name of the TypeORM data source that holds the library's tables; the default one otherwise. */
  readonly dataSource?: string;
  /** Whether every module of the host may inject the library's exports without importing it. Default false. */
  readonly isGlobal?: boolean;
}

type Token<T> = abstract new (...parameters: never[]) => T;

/** Puts what the host gave, or the library's own adapters, behind the ports. */
export function hostProviders(ports: TwoFactorPorts): Provider[] {
  return [
    needed('accounts', AccountDirectory, ports.accounts),
    needed('sessions', SessionGateway, ports.sessions),
    needed('passwords', PasswordVerifier, ports.passwords),
    replaceable(Clock, ports.clock, SystemClock),
    replaceable(Random, ports.random, SystemRandom),
    replaceable(SecurityEvents, ports.events, LogSecurityEvents),
    optional(MailSender, ports.mail),
    optional(SmsSender, ports.sms),
    optional(Outbox, ports.outbox),
    optional(MessageTemplates, ports.templates),
    ports.keyRing
      ? { provide: KeyRing, useExisting: ports.keyRing }
      : {
          provide: KeyRing,
          inject: [TwoFactorOptions],
          useFactory: ({ keys }: TwoFactorOptions) => new HkdfKeyRing(keys),
        },
    {
      provide: Database,
      inject: [getDataSourceToken(ports.dataSource), TwoFactorOptions],
      useFactory: (dataSource: DataSource, { database }: TwoFactorOptions) => new Database(dataSource, database),
    },
  ];
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
    ...plugins.flatMap(({ factor, providers }) => [factor, ...(providers ?? [])]),
  ];
}

/** @throws {Error} at start, naming the port that the host forgot */
function needed<T>(option: keyof TwoFactorPorts, port: Token<T>, given: InjectionToken<T> | undefined): Provider {
  if (!given) throw new Error(`TwoFactorModule needs a ${port.name}: name the class of yours as \`${option}\``);
  return { provide: port, useExisting: given };
}

/** Null stands for what the host does without. */
function optional<T>(port: Token<T>, given: InjectionToken<T> | undefined): Provider {
  return given ? { provide: port, useExisting: given } : { provide: port, useValue: null };
}

function replaceable<T>(port: Token<T>, given: InjectionToken<T> | undefined, adapter: Type<T>): Provider {
  return given ? { provide: port, useExisting: given } : { provide: port, useClass: adapter };
}
