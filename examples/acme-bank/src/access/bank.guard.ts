import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { HttpExchange, isTwoFactorRoute } from 'nestjs-two-factor';
import { BankSessions } from '../security/bank-sessions.js';
import { PUBLIC } from './public.js';

/** The guard of every route: without a session of the bank only public routes are let in. */
@Injectable()
export class BankGuard implements CanActivate {
  constructor(
    private readonly sessions: BankSessions,
    private readonly reflector: Reflector,
    private readonly host: HttpAdapterHost,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride(PUBLIC, [context.getHandler(), context.getClass()])) return true;
    // A challenge is no session: without this line no customer could finish a sign-in.
    if (isTwoFactorRoute(context)) return true;
    const { request } = HttpExchange.of(context, this.host);
    const [scheme = '', token = ''] = String(request.headers['authorization'] ?? '').split(' ');
    const carrier =
      scheme.toLowerCase() === 'bearer'
        ? ({ carrier: 'authorization', token } as const)
        : ({ carrier: 'cookie' } as const);
    const session = await this.sessions.identify(request, carrier);
    if (!session) throw new UnauthorizedException();
    context.switchToHttp().getRequest<{ customerId?: string }>().customerId = session.accountId;
    return true;
  }
}
