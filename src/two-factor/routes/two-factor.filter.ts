import { Catch, Inject, Optional, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ERROR_FORMAT, type ErrorFormat } from './mounting.js';
import { TwoFactorException } from '../two-factor.errors.js';

/** Answers a TwoFactorException with its body and the header lines that belong to it. */
@Catch(TwoFactorException)
export class TwoFactorExceptionFilter implements ExceptionFilter<TwoFactorException> {
  constructor(
    private readonly host: HttpAdapterHost,
    @Optional() @Inject(ERROR_FORMAT) private readonly errors?: ErrorFormat | null,
  ) {}

  catch(exception: TwoFactorException, context: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const response = context.switchToHttp().getResponse<unknown>();
    for (const [name, value] of exception.headers) httpAdapter.setHeader(response, name, value);
    const { errors } = this;
    if (errors?.contentType !== undefined) httpAdapter.setHeader(response, 'content-type', errors.contentType);
    httpAdapter.reply(response, errors ? errors.format(exception) : exception.getResponse(), exception.getStatus());
  }
}
