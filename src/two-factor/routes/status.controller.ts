import { Controller, Get, UseFilters, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { CurrentSession } from './two-factor.decorators.js';
import { TwoFactorExceptionFilter } from './two-factor.filter.js';
import { TwoFactorGuard } from './two-factor.guard.js';
import { ApiAuthenticated } from './two-factor.openapi.js';
import { TwoFactorStatusResponse } from './status.dto.js';
import { StatusService } from '../status/status.service.js';

/** What a page of settings shows. */
@ApiTags('Two factor')
@Controller('two-factor/status')
@UseFilters(TwoFactorExceptionFilter)
@UseGuards(TwoFactorGuard)
export class StatusController {
  constructor(private readonly status: StatusService) {}

  @Get()
  @ApiAuthenticated({
    id: 'getTwoFactorStatus',
    summary: 'Get the status of two factor authentication',
    description:
      'Whether it is on, the methods that can be used now, backup codes left, trusted devices, and any lock.',
    answer: TwoFactorStatusResponse,
  })
  get(@CurrentSession() session: SessionIdentity): Promise<TwoFactorStatusResponse> {
    return this.status.of(session);
  }
}
