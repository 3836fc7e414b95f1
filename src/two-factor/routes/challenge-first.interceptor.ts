import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { catchError, from, mergeMap, throwError, type Observable } from 'rxjs';
import { ChallengeService } from '../challenge/challenge.service.js';
import type { GuardedRequest } from './guarded-call.js';
import { TwoFactorException } from '../two-factor.errors.js';

/**
 * A dead challenge answers 401 even where the body is at fault too. The guard looks at its shape only, so the look-up
 * is made up for here, on the way of a 400, which costs right requests nothing.
 */
@Injectable()
export class ChallengeFirstInterceptor implements NestInterceptor {
  constructor(private readonly challenges: ChallengeService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!(error instanceof TwoFactorException) || error.code !== 'VALIDATION_ERROR') return throwError(() => error);
        const { caller } = context.switchToHttp().getRequest<GuardedRequest>().twoFactor;
        return from(this.challenges.requireLive(caller)).pipe(mergeMap(() => throwError(() => error)));
      }),
    );
  }
}
