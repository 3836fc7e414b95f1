import { Body, Controller, HttpCode, Post, UnauthorizedException, UseGuards } from '@nestjs/common';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import {
  CurrentExchange,
  OriginGuard,
  TwoFactorService,
  TwoFactorValidationPipe,
  type HttpExchange,
} from '../../../src/two-factor/index.js';
import { Employees } from './identity/employees.js';

class LoginBody {
  @IsString()
  username!: string;

  @IsString()
  password!: string;

  @IsOptional()
  @IsBoolean()
  remember?: boolean;
}

/** Acme's sign-in, with responses of its own shape. */
@Controller('login')
@UseGuards(OriginGuard)
export class LoginController {
  constructor(
    private readonly employees: Employees,
    private readonly twoFactor: TwoFactorService,
  ) {}

  @Post()
  @HttpCode(200)
  async login(@Body(TwoFactorValidationPipe) body: LoginBody, @CurrentExchange() exchange: HttpExchange) {
    const employee = await this.employees.byPassword(body.username, body.password);
    if (!employee) throw new UnauthorizedException();
    const result = await this.twoFactor.signIn({
      accountId: String(employee.id),
      context: { remember: body.remember ?? false, desk: '42' },
      request: exchange.request,
    });
    exchange.setHeaders(result.headers);
    if (result.kind === 'challenge') {
      return { secondFactor: result.body.twoFactorMethods, challenge: result.body.twoFactorToken };
    }
    return { session: result.issued.token, device: result.trustedDeviceToken };
  }
}
