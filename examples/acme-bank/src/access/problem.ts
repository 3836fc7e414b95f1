import { STATUS_CODES } from 'node:http';
import type { HttpException } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { TwoFactorException } from 'nestjs-two-factor';

/** Media type of every error of the bank [RFC 9457]. */
export const PROBLEM_JSON = 'application/problem+json';

const PROBLEMS = 'https://acme-bank.example/problems/';

/** Body of every error of the bank [RFC 9457 §3.1]. */
export class Problem {
  @ApiProperty({ description: 'Names the kind of problem', example: `${PROBLEMS}INVALID_CODE` })
  type!: string;

  @ApiProperty({ description: 'The phrase of the status', example: 'Unauthorized' })
  title!: string;

  @ApiProperty({ description: 'The status of the response', example: 401 })
  status!: number;

  @ApiPropertyOptional({ description: 'What went wrong, for people', example: 'Invalid code' })
  detail?: string;
}

/** One function for the library's errors and for the bank's, so that a client reads one format. */
export function problemOf(exception: HttpException): Problem {
  const status = exception.getStatus();
  const response = exception.getResponse();
  const message = typeof response === 'string' ? response : Reflect.get(response, 'message');
  return {
    type: exception instanceof TwoFactorException ? `${PROBLEMS}${exception.code}` : 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    // A ValidationPipe gives a message for each member that is wrong.
    detail: [message].flat().join('; '),
  };
}
