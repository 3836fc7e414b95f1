import { Module, type DynamicModule } from '@nestjs/common';
import { HealthController, HealthOptions } from './health.controller.js';

/**
 * Serves the health check for monitors. Requires the global modules AccountsModule, DeliveryModule, OutboxModule and
 * RateLimitsModule.
 */
@Module({})
export class HealthModule {
  static forRoot(options: HealthOptions): DynamicModule {
    return {
      module: HealthModule,
      controllers: [HealthController],
      providers: [{ provide: HealthOptions, useValue: options }],
    };
  }
}
