import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { RateLimitsModuleOptions } from './rate-limits.options.js';

// Global, because every module that checks passwords counts guesses.
export const { ConfigurableModuleClass: ConfigurableRateLimitsModule, MODULE_OPTIONS_TOKEN: RATE_LIMITS_OPTIONS } =
  new ConfigurableModuleBuilder<RateLimitsModuleOptions>({ moduleName: 'RateLimits' })
    .setClassMethodName('forRoot')
    .setExtras({}, (definition) => ({ ...definition, global: true }))
    .build();
