import { Controller, Get, type Type } from '@nestjs/common';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { StatusService, type TwoFactorStatus } from '../status/status.service.js';
import { statusResponse } from './status.dto.js';
import { CurrentSession } from './two-factor.decorators.js';
import { ApiAuthenticated } from './two-factor.openapi.js';
import { TwoFactorRoutes } from './two-factor.routes.js';

/** What a page of settings shows. */
@TwoFactorRoutes()
@Controller('two-factor/status')
export abstract class StatusController {
  constructor(protected readonly status: StatusService) {}
}

/** The controller of one module: the document names what its factors add. */
export function statusController(plugins: readonly FactorPlugin[]): Type<StatusController> {
  class ReadingController extends StatusController {
    @Get()
    @ApiAuthenticated({
      id: 'getTwoFactorStatus',
      summary: 'Get the status of two factor authentication',
      description:
        'Whether it is on, the methods that can be used now, backup codes left, trusted devices, and any lock.',
      response: statusResponse(plugins),
    })
    get(@CurrentSession() session: SessionIdentity): Promise<TwoFactorStatus> {
      return this.status.of(session);
    }
  }
  return ReadingController;
}
