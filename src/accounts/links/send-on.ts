import { ApiResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { TwoFactorException } from '../../two-factor/index.js';
import { AccountsException } from '../accounts.errors.js';

/**
 * Answers a link that a browser opened: by JSON, or, where the link names a callback, by sending the browser on to it. The
 * callback learns of an error by its query, as `?error=INVALID_TOKEN`.
 *
 * @param callback absolute, and of a trusted origin
 * @param found what the callback learns of success
 */
export async function sendOn<T>(
  reply: FastifyReply,
  callback: string | null,
  work: () => Promise<T>,
  found: Readonly<Record<string, string>> = {},
): Promise<T | ''> {
  if (callback === null) return work();
  try {
    await work();
    return redirect(reply, callback, found);
  } catch (error) {
    const told = error instanceof AccountsException || isWeak(error);
    if (!told) throw error;
    return redirect(reply, callback, { error: error.code });
  }
}

function redirect(reply: FastifyReply, callback: string, query: Readonly<Record<string, string>>): '' {
  const url = new URL(callback);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  void reply.status(302).header('location', url.href);
  return '';
}

function isWeak(error: unknown): error is TwoFactorException {
  return error instanceof TwoFactorException && error.code === 'SECOND_FACTOR_REQUIRED';
}

/** Documents what `sendOn` answers where there is a callback. */
export function ApiSendsOn(): MethodDecorator {
  return ApiResponse({
    status: 302,
    description: 'On to the callback, where the link names one; in vain too, then with `error` in its query',
    headers: { Location: { description: 'The callback', schema: { type: 'string', format: 'uri' } } },
  });
}
