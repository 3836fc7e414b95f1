import { Module, type DynamicModule } from '@nestjs/common';
import { ServiceConfig } from './service-config.js';

/** Gives every module the validated environment, injected as `ServiceConfig`. */
@Module({})
export class ConfigModule {
  static forRoot(config: ServiceConfig): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: ServiceConfig, useValue: config }],
      exports: [ServiceConfig],
    };
  }
}
