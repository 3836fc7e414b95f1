import {
  Catch,
  HttpException,
  InternalServerErrorException,
  Logger,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { TwoFactorException } from 'nestjs-two-factor';
import { PROBLEM_JSON, problemOf } from './problem.js';

/** Errors of the bank's own routes, of its guard and of its pipe. The library's routes have `errors` in `MFA_ROUTES`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('ProblemFilter');

  constructor(private readonly host: HttpAdapterHost) {}

  catch(exception: unknown, context: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const response: unknown = context.switchToHttp().getResponse();
    const known = exception instanceof HttpException ? exception : new InternalServerErrorException();
    if (known !== exception) this.logger.error(exception);
    // `Retry-After` and `WWW-Authenticate` belong to the answer.
    const headers = known instanceof TwoFactorException ? known.headers : [];
    for (const [name, value] of headers) httpAdapter.setHeader(response, name, value);
    httpAdapter.setHeader(response, 'content-type', PROBLEM_JSON);
    // NestJS 11 on Express sends an object as `application/json`, whatever the header says.
    httpAdapter.reply(response, JSON.stringify(problemOf(known)), known.getStatus());
  }
}
