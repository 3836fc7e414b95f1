import { ConfigurableModuleBuilder } from '@nestjs/common';
import { statusController } from './routes/status.controller.js';
import { TrustedDevicesController } from './routes/trusted-devices.controller.js';
import { twoFactorController } from './routes/two-factor.controller.js';
import type { TwoFactorModuleOptions } from './two-factor.options.js';
import { factorProviders, hostProviders, type TwoFactorPorts } from './two-factor.providers.js';
import { defaultFactors } from './two-factor.schema.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<TwoFactorModuleOptions>({ moduleName: 'TwoFactor' })
    .setClassMethodName('forRoot')
    .setExtras<TwoFactorPorts>({}, (definition, ports) => {
      const { factors = defaultFactors, isGlobal = false } = ports;
      return {
        ...definition,
        global: isGlobal,
        controllers: [
          twoFactorController(factors),
          ...factors.flatMap(({ controllers }) => controllers ?? []),
          TrustedDevicesController,
          statusController(factors),
        ],
        providers: [...(definition.providers ?? []), ...hostProviders(ports), ...factorProviders(factors)],
        exports: [...(definition.exports ?? []), ...factors.map(({ factor }) => factor)],
      };
    })
    .build();
