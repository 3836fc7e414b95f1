import { Module, type DynamicModule } from '@nestjs/common';
import { HealthController, HealthOptions } from './health.controller.js';

/** What an operator's monitor reads. Expects AccountsModule, DeliveryModule and RateLimitsModule, global, beside it. */
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
