import { applyDecorators, UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ChallengeFirstInterceptor } from './challenge-first.interceptor.js';
import { TwoFactorExceptionFilter } from './two-factor.filter.js';
import { TwoFactorGuard } from './two-factor.guard.js';
import { TwoFactorValidationPipe } from './two-factor.validation.js';

/**
 * What every controller of the library has, and what a factor's own should have: guard, error bodies, validation, and 401
 * for a dead challenge before 400 for a bad body.
 *
 * @example
 * ```ts
 * @TwoFactorRoutes()
 * @Controller('two-factor/hardware-key')
 * export class HardwareKeyController {}
 * ```
 */
export function TwoFactorRoutes(): ClassDecorator {
  return applyDecorators(
    ApiTags('Two factor'),
    UseFilters(TwoFactorExceptionFilter),
    UseGuards(TwoFactorGuard),
    UseInterceptors(ChallengeFirstInterceptor),
    UsePipes(TwoFactorValidationPipe),
  );
}
