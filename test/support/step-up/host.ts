import {
  Controller,
  Get,
  Global,
  Injectable,
  Module,
  Post,
  UseFilters,
  UseGuards,
  type ExecutionContext,
} from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  Accepts,
  ApiStepUp,
  CredentialSource,
  CurrentSession,
  RequireSecondFactor,
  RequireTwoFactor,
  TwoFactorExceptionFilter,
  TwoFactorGuard,
  type CarriedCredential,
  type SessionIdentity,
} from '../../../src/two-factor/index.js';

/** The payments of a company, as REST routes. */
@Controller('payments')
@UseGuards(TwoFactorGuard)
@RequireTwoFactor({ maxAge: '5m' })
export class PaymentsController {
  @Post()
  @ApiStepUp({ maxAge: '5m' })
  pay(@CurrentSession() session: SessionIdentity) {
    return { payer: session.accountId };
  }

  /** The demand of a method replaces that of its class. */
  @Get('limit')
  @RequireTwoFactor()
  limit() {
    return { limit: 1000 };
  }

  @Post('limit')
  @RequireTwoFactor({ maxAge: 300, acr: 'phr' })
  raiseLimit() {
    return { limit: 2000 };
  }

  @Post('small')
  @RequireTwoFactor({ maxAge: '5m', whenOff: 'allow' })
  @ApiStepUp({ maxAge: '5m', whenOff: 'allow', status: 403 })
  paySmall() {
    return { paid: true };
  }

  @Get('short')
  @RequireSecondFactor()
  short() {
    return { short: true };
  }

  @Get('open')
  @Accepts('optional-session')
  open() {
    return { open: true };
  }
}

/** The payments of a company, as messages of a WebSocket. */
@WebSocketGateway()
@UseGuards(TwoFactorGuard)
@UseFilters(TwoFactorExceptionFilter)
export class PaymentsGateway {
  @SubscribeMessage('account')
  account(@CurrentSession() session: SessionIdentity) {
    return session.accountId;
  }

  @SubscribeMessage('pay')
  @RequireTwoFactor({ maxAge: '5m' })
  pay(@CurrentSession() session: SessionIdentity) {
    return session.accountId;
  }
}

/** The payments of a company, as messages of a microservice. */
@Controller()
@UseGuards(TwoFactorGuard)
@UseFilters(TwoFactorExceptionFilter)
export class PaymentsHandler {
  @MessagePattern('account')
  account(@CurrentSession() session: SessionIdentity) {
    return session.accountId;
  }

  @MessagePattern('pay')
  @RequireTwoFactor({ maxAge: '5m' })
  pay(@CurrentSession() session: SessionIdentity) {
    return session.accountId;
  }
}

/** Messages of the microservice carry a session token as their member `token`. */
@Injectable()
export class PaymentsCredentials extends CredentialSource {
  override find(context: ExecutionContext): CarriedCredential | null | Promise<CarriedCredential | null> {
    if (context.getType() !== 'rpc') return super.find(context);
    const { token } = context.switchToRpc().getData<{ readonly token?: string }>();
    return token === undefined ? null : { headers: { authorization: `Bearer ${token}` } };
  }
}

/** A company's module beside its own that has payments in every transport but GraphQL. */
@Global()
@Module({
  controllers: [PaymentsController, PaymentsHandler],
  providers: [PaymentsGateway, PaymentsCredentials],
  exports: [PaymentsCredentials],
})
export class PaymentsModule {}
