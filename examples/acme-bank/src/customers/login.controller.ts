import { Body, Controller, HttpCode, Post, UnauthorizedException, UseGuards } from '@nestjs/common';
import { IsEmail, IsString } from 'class-validator';
import { CurrentExchange, OriginGuard, TwoFactorService, type HttpExchange } from 'nestjs-two-factor';
import { Public } from '../access/public.js';
import { Customers } from './customers.js';
import { fits } from './password-digest.js';

class LoginRequest {
  @IsEmail()
  email!: string;

  @IsString()
  password!: string;
}

/** The bank's sign-in, with answers of its own shape. */
@Controller('login')
@Public()
@UseGuards(OriginGuard)
export class LoginController {
  constructor(
    private readonly customers: Customers,
    private readonly twoFactor: TwoFactorService,
  ) {}

  @Post()
  @HttpCode(200)
  async login(@Body() { email, password }: LoginRequest, @CurrentExchange() exchange: HttpExchange) {
    const customer = await this.customers.byEmail(email);
    if (!(await fits(password, customer?.passwordDigest ?? null)) || !customer) throw new UnauthorizedException();
    const result = await this.twoFactor.signIn({
      accountId: customer.id,
      context: { branch: 'online' },
      request: exchange.request,
    });
    exchange.setHeaders(result.headers);
    if (result.kind === 'challenge') {
      return { secondFactor: result.body.twoFactorMethods, challenge: result.body.twoFactorToken };
    }
    return { session: exchange.tokenInBody(result.issued), device: result.trustedDeviceToken };
  }
}
