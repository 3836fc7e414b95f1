import { ConfigurableModuleBuilder, type InjectionToken } from '@nestjs/common';
import type { AccountDirectory } from './ports/account-directory.js';
import type { Clock } from './ports/clock.js';
import type { KeyRing } from './ports/key-ring.js';
import type { MailSender } from './ports/mail-sender.js';
import type { MessageTemplates } from './ports/message-templates.js';
import type { Outbox } from './ports/outbox.js';
import type { PasswordVerifier } from './ports/password-verifier.js';
import type { Random } from './ports/random.js';
import type { SecurityEvents } from './ports/security-events.js';
import type { SessionGateway } from './ports/session-gateway.js';
import type { SmsSender } from './ports/sms-sender.js';
import { hostProviders } from './two-factor.providers.js';
import type { TwoFactorModuleOptions } from './two-factor.options.js';

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
  /** Name of the TypeORM data source that holds the library's tables; the default one otherwise. */
  readonly dataSource?: string;
  /** Whether every module of the host may inject the library's exports without importing it. Default false. */
  readonly isGlobal?: boolean;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<TwoFactorModuleOptions>({ moduleName: 'TwoFactor' })
    .setClassMethodName('forRoot')
    .setExtras<TwoFactorPorts>({}, (definition, ports) => ({
      ...definition,
      global: ports.isGlobal ?? false,
      providers: [...(definition.providers ?? []), ...hostProviders(ports)],
    }))
    .build();
