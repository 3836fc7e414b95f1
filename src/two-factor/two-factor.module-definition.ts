import { ConfigurableModuleBuilder } from '@nestjs/common';
import { hostProviders, type TwoFactorPorts } from './two-factor.providers.js';
import type { TwoFactorModuleOptions } from './two-factor.options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<TwoFactorModuleOptions>({ moduleName: 'TwoFactor' })
    .setClassMethodName('forRoot')
    .setExtras<TwoFactorPorts>({}, (definition, ports) => ({
      ...definition,
      global: ports.isGlobal ?? false,
      providers: [...(definition.providers ?? []), ...hostProviders(ports)],
    }))
    .build();
