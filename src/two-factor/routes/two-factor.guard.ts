import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { BearerStrategy } from './bearer.strategy.js';
import type { Acceptance, Caller } from '../challenge/caller.js';
import { CredentialResolver } from './credential-resolver.js';
import { HttpExchange, NO_STORE } from './http-exchange.js';
import { OriginPolicy } from './origin-policy.js';
import { StepUpPolicy } from '../policy/step-up-policy.js';
import { isHttp, keepCall, type GuardedCall, type GuardedRequest } from './guarded-call.js';
import { ACCEPTS, SECOND_FACTOR } from './two-factor.decorators.js';
import { TwoFactorException } from '../two-factor.errors.js';

const ANONYMOUS: Caller = { kind: 'anonymous' };

const PROPERTY = 'twoFactor' satisfies keyof GuardedRequest;

/**
 * As much of @nestjs/passport's guard as the class below needs. Without this type the declaration file would name that
 * package, whose own declarations need @types/passport and @types/express.
 */
interface PassportGuard {
  canActivate(context: ExecutionContext): Promise<boolean>;
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- passport's signature
  handleRequest<T>(error: unknown, user: unknown, info: unknown, context: ExecutionContext): T;
}

interface PassportGuardOptions {
  readonly defaultStrategy: string;
  readonly property: string;
  readonly session: boolean;
}

const PassportBearerGuard = AuthGuard() as new (options: PassportGuardOptions) => PassportGuard;

/**
 * Lets in callers with a live session, and whatever else the route accepts. Guards REST routes, GraphQL resolvers, WebSocket
 * gateways and microservice handlers; session and second factor are looked up for every call and every message.
 *
 * @example
 * ```ts
 * @UseGuards(TwoFactorGuard)
 * @RequireTwoFactor({ maxAge: '5m' })
 * @Post('payments')
 * pay(@CurrentSession() session: SessionIdentity) {}
 * ```
 */
@Injectable()
export class TwoFactorGuard extends PassportBearerGuard implements CanActivate {
  constructor(
    strategy: BearerStrategy,
    private readonly resolver: CredentialResolver,
    private readonly stepUp: StepUpPolicy,
    private readonly reflector: Reflector,
    private readonly host: HttpAdapterHost,
  ) {
    super({ defaultStrategy: strategy.name, property: PROPERTY, session: false });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!isHttp(context)) return this.admitMessage(context);
    const exchange = HttpExchange.of(context, this.host);
    exchange.setHeaders(NO_STORE);
    context.switchToHttp().getRequest<GuardedRequest>().twoFactor = { exchange, caller: ANONYMOUS };
    try {
      return await this.admit(context);
    } catch (error) {
      // Here and not in a filter alone: a host's own routes have filters of their own.
      if (error instanceof TwoFactorException) exchange.setHeaders(error.headers);
      throw error;
    }
  }

  private async admit(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    await this.requireFactor(context, context.switchToHttp().getRequest<GuardedRequest>().twoFactor.caller);
    return true;
  }

  /** A GraphQL operation or a message: passport knows HTTP requests only. */
  private async admitMessage(context: ExecutionContext): Promise<boolean> {
    const call = await this.resolver.resolveMessage(context, this.acceptanceOf(context));
    await this.requireFactor(context, call.caller);
    keepCall(context, call);
    return true;
  }

  private async requireFactor(context: ExecutionContext, caller: Caller): Promise<void> {
    const demand = this.reflector.getAllAndOverride(SECOND_FACTOR, [context.getHandler(), context.getClass()]);
    if (demand === undefined) return;
    // Other callers that the route accepts have proven no second factor either.
    if (caller.kind !== 'session') {
      if (demand === 'strong') throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
      throw new TwoFactorException('UNAUTHORIZED', { bearerError: '' });
    }
    await (demand === 'strong'
      ? this.stepUp.requireStrong(caller.session)
      : this.stepUp.require(caller.session, demand));
  }

  /** Called by passport's answer: `token` is the bearer token, false when there is none. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the base class's signature
  override handleRequest<T>(error: unknown, token: unknown, _info: unknown, context: ExecutionContext): T {
    if (error) throw error;
    return this.identify(context, typeof token === 'string' ? token : undefined) as T;
  }

  private async identify(context: ExecutionContext, token: string | undefined): Promise<GuardedCall> {
    const { exchange } = context.switchToHttp().getRequest<GuardedRequest>().twoFactor;
    return { exchange, caller: await this.resolver.resolve(exchange, token, this.acceptanceOf(context)) };
  }

  private acceptanceOf(context: ExecutionContext): Acceptance {
    return this.reflector.getAllAndOverride(ACCEPTS, [context.getHandler(), context.getClass()]) ?? 'session';
  }
}

/** For routes that need no credential and yet change something for a browser: sign-in and sign-up. */
@Injectable()
export class OriginGuard implements CanActivate {
  constructor(
    private readonly origins: OriginPolicy,
    private readonly host: HttpAdapterHost,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const exchange = HttpExchange.of(context, this.host);
    exchange.setHeaders(NO_STORE);
    this.origins.check(exchange);
    context.switchToHttp().getRequest<GuardedRequest>().twoFactor = { exchange, caller: ANONYMOUS };
    return true;
  }
}
