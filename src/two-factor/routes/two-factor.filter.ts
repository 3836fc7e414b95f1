import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { TwoFactorException } from '../two-factor.errors.js';

/** Answers a TwoFactorException with its body and the header lines that belong to it. */
@Catch(TwoFactorException)
export class TwoFactorExceptionFilter implements ExceptionFilter<TwoFactorException> {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(exception: TwoFactorException, context: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const response = context.switchToHttp().getResponse<unknown>();
    for (const [name, value] of exception.headers) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, exception.getResponse(), exception.getStatus());
  }
}
