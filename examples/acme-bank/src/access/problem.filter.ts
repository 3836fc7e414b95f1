import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { TwoFactorException } from 'nestjs-two-factor';

/** Errors in the format of RFC 9457. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('ProblemFilter');

  constructor(private readonly host: HttpAdapterHost) {}

  catch(exception: unknown, context: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const response: unknown = context.switchToHttp().getResponse();
    const status = exception instanceof HttpException ? exception.getStatus() : 500;
    const title = exception instanceof HttpException ? exception.message : 'Internal server error';
    if (status === 500) this.logger.error(exception);
    const code = exception instanceof TwoFactorException ? exception.code : undefined;
    // `Retry-After` and `WWW-Authenticate` belong to the answer.
    const headers = exception instanceof TwoFactorException ? exception.headers : [];
    for (const [name, value] of headers) httpAdapter.setHeader(response, name, value);
    httpAdapter.setHeader(response, 'content-type', 'application/problem+json');
    httpAdapter.reply(response, JSON.stringify({ type: 'about:blank', title, status, code }), status);
  }
}
