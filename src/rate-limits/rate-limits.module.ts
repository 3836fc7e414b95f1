import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ClientLimitGuard } from './client-limit.guard.js';
import { PasswordRequests } from './password-requests.js';
import { ConfigurableRateLimitsModule } from './rate-limits.module-definition.js';
import { RateLimitsService } from './rate-limits.service.js';

/** Limits how often a client may call, and exports limiters for budgets of other kinds. */
@Module({
  providers: [RateLimitsService, PasswordRequests, { provide: APP_GUARD, useClass: ClientLimitGuard }],
  exports: [RateLimitsService, PasswordRequests],
})
export class RateLimitsModule extends ConfigurableRateLimitsModule {}
