import { Body, Controller, HttpCode, Post, type Type } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import { DisableService } from '../enrolment/disable.service.js';
import { EnrolmentService } from '../enrolment/enrolment.service.js';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import { Factors } from '../factor/factors.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import {
  DisableResponse,
  enableExamples,
  enableRequest,
  enableResponse,
  methodsOf,
  type EnableRequest,
  type EnableResponse,
} from './enrolment.dto.js';
import type { HttpExchange } from './http-exchange.js';
import { PasswordRequest } from './password.dto.js';
import { CurrentExchange, CurrentSession } from './two-factor.decorators.js';
import { ApiAuthenticated } from './two-factor.openapi.js';
import { TwoFactorRoutes } from './two-factor.routes.js';

/** Where the compiler keeps the classes of the parameters of a method. */
const PARAMETER_TYPES = 'design:paramtypes';

/** Turns two-factor on and off. The routes of a factor are in the factor's folder. */
@TwoFactorRoutes()
@Controller('two-factor')
export abstract class TwoFactorController {
  constructor(
    private readonly enrolment: EnrolmentService,
    private readonly disabling: DisableService,
    private readonly factors: Factors,
  ) {}

  @Post('disable')
  @HttpCode(200)
  @ApiAuthenticated({
    id: 'disableTwoFactor',
    summary: 'Disable two factor authentication',
    description: 'Drops every factor of the account and ends all other sessions.',
    response: DisableResponse,
    errors: ['INVALID_PASSWORD', 'TWO_FACTOR_NOT_ENABLED', 'SECOND_FACTOR_REQUIRED'],
    newToken: true,
  })
  async disable(
    @CurrentSession() session: SessionIdentity,
    @Body() { password }: PasswordRequest,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<DisableResponse> {
    const issued = await this.disabling.turnOff(session, password, exchange.request);
    exchange.setHeaders(issued.headers);
    return { status: true, token: exchange.tokenInBody(issued), user: issued.user };
  }

  protected async stage(
    session: SessionIdentity,
    body: EnableRequest,
    { request }: HttpExchange,
  ): Promise<EnableResponse> {
    const [first] = methodsOf(this.factors.all.map(({ plugin }) => plugin));
    const method = body.method ?? first;
    const enrolled = this.factors.all.find(({ plugin }) => plugin.name === method);
    if (!enrolled) throw new RangeError('No factor can be enrolled by `enable`');
    const staged = await this.enrolment.stage(enrolled.factor, body, session, body.password, request);
    return { ...staged, method: enrolled.plugin.name };
  }
}

/** The controller of one module: `enable` takes and answers what its factors do. */
export function twoFactorController(plugins: readonly FactorPlugin[]): Type<TwoFactorController> {
  const Request = enableRequest(plugins);
  const links = plugins.flatMap(({ enable }) => Object.entries(enable?.links ?? {}));

  class EnablingController extends TwoFactorController {
    @Post('enable')
    @HttpCode(200)
    @ApiAuthenticated({
      id: 'enableTwoFactor',
      summary: 'Enable two factor authentication',
      description:
        'Stages a factor and ten backup codes for this session. Two-factor is on once a right code came back on the same session, through the `verify-…` route of the method.',
      response: enableResponse(plugins),
      errors: ['INVALID_PASSWORD', 'OTP_NOT_CONFIGURED', 'SECOND_FACTOR_REQUIRED'],
      links: Object.fromEntries(links.map(([operationId, description]) => [operationId, { operationId, description }])),
    })
    @ApiBody({ type: Request, examples: enableExamples(plugins) })
    enable(
      @CurrentSession() session: SessionIdentity,
      @Body() body: EnableRequest,
      @CurrentExchange() exchange: HttpExchange,
    ): Promise<EnableResponse> {
      return this.stage(session, body, exchange);
    }
  }
  // Pipes take the class of a body from here, and the compiler cannot name one that is composed at start.
  Reflect.defineMetadata(PARAMETER_TYPES, [Object, Request, Object], EnablingController.prototype, 'enable');
  return EnablingController;
}
