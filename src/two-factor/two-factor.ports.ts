import type { FactorPlugin } from './factor/factor-plugin.js';
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
import type { CredentialSource } from './routes/credential-source.js';
import type { RouteOptions } from './routes/mounting.js';

/** What the host's provider goes by: its class, which the compiler holds against the port, or a token. */
export type PortToken<Port> = (abstract new (...parameters: never[]) => Port) | string | symbol;

/**
 * Which providers of the host stand behind the ports. Each must be exported by a module among `imports`, or by a global
 * one. The first three are required; for the others the library has adapters of its own.
 */
export interface TwoFactorPorts {
  readonly accounts: PortToken<AccountDirectory>;
  readonly sessions: PortToken<SessionGateway>;
  readonly passwords: PortToken<PasswordVerifier>;
  readonly keyRing?: PortToken<KeyRing>;
  readonly clock?: PortToken<Clock>;
  readonly random?: PortToken<Random>;
  readonly events?: PortToken<SecurityEvents>;
  /** Sends mail: with it come mailed codes and notices. Needs `templates`. */
  readonly mail?: PortToken<MailSender>;
  /** Sends text messages: with it come texted codes. Needs `templates`. */
  readonly sms?: PortToken<SmsSender>;
  /** A job queue of the host's own. Without it messages wait in a table of the library. */
  readonly outbox?: PortToken<Outbox>;
  readonly templates?: PortToken<MessageTemplates>;
  /** Finds the credential of GraphQL operations and of messages. Needed for microservices; see `CredentialSource`. */
  readonly credentials?: PortToken<CredentialSource>;
}

/** What is decided when the module is declared, and not by its factory. */
export interface TwoFactorStructure extends TwoFactorPorts, RouteOptions {
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
