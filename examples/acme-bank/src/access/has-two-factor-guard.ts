import type { ExecutionContext } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants';
import { TwoFactorGuard } from 'nestjs-two-factor';

/** Whether the library's own guard looks after the route: those of the library, and the bank's own below `TwoFactorGuard`. */
export function hasTwoFactorGuard(context: ExecutionContext): boolean {
  return [context.getHandler(), context.getClass()].some((target) => {
    const guards: unknown = Reflect.getMetadata(GUARDS_METADATA, target);
    return Array.isArray(guards) && guards.includes(TwoFactorGuard);
  });
}
