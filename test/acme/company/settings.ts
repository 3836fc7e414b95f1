import type { Type } from '@nestjs/common';
import type { AcmeSessions } from './identity/acme-sessions.js';

/** Settings that an Acme backend is started with. */
export class AcmeSettings {
  readonly databaseUrl: string;
  /** Origin of the pages that employees use. */
  readonly origin: string;
  readonly sessions: Type<AcmeSessions>;

  constructor(settings: AcmeSettings) {
    this.databaseUrl = settings.databaseUrl;
    this.origin = settings.origin;
    this.sessions = settings.sessions;
  }
}
