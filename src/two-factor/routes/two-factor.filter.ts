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
    const body = errors ? errors.format(exception) : exception.getResponse();
    const status = exception.getStatus();
    if (errors?.contentType === undefined) {
      httpAdapter.reply(response, body, status);
      return;
    }
    httpAdapter.setHeader(response, 'content-type', errors.contentType);
    // NestJS 11 on Express sends an object as `application/json`, whatever the header says.
    httpAdapter.reply(response, JSON.stringify(body), status);
  }
}
