import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';

/** What an operator's monitor reads. Expects AccountsModule, DeliveryModule, OutboxModule and RateLimitsModule, global, beside it. */
@Module({ controllers: [HealthController] })
export class HealthModule {}
