import {
  applyDecorators,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ExecutionContext,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ChallengeFirstInterceptor } from './challenge-first.interceptor.js';
import { TwoFactorExceptionFilter } from './two-factor.filter.js';
import { TwoFactorGuard } from './two-factor.guard.js';
import { TwoFactorValidationPipe } from './two-factor.validation.js';

const TWO_FACTOR_ROUTE = 'nestjs-two-factor:route';

/**
 * Tells whether a request goes to a route of the library, or of a factor: for a global guard of the host, which would refuse
 * challenge tokens. Those routes have a guard of their own.
 *
 * @example
 * ```ts
 * canActivate(context: ExecutionContext) {
 *   return isTwoFactorRoute(context) || this.hasSession(context);
 * }
 * ```
 */
export function isTwoFactorRoute(context: Pick<ExecutionContext, 'getClass'>): boolean {
  return Reflect.getMetadata(TWO_FACTOR_ROUTE, context.getClass()) === true;
}

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
    SetMetadata(TWO_FACTOR_ROUTE, true),
    ApiTags('Two factor'),
    UseFilters(TwoFactorExceptionFilter),
    UseGuards(TwoFactorGuard),
    UseInterceptors(ChallengeFirstInterceptor),
    UsePipes(TwoFactorValidationPipe),
  );
}
