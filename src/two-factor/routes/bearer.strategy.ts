import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { Strategy } from 'passport-http-bearer';
import type { HttpRequest } from './http-exchange.js';

/**
 * As much of passport-http-bearer as the class below needs. Without this type the declaration file would name the types of
 * passport and passport-http-bearer, which are in packages that a host need not have.
 */
interface PassportBearer {
  name: string;
  authenticate(request: HttpRequest): void;
}

const PassportBearerStrategy = PassportStrategy(Strategy) as new () => PassportBearer;

let instances = 0;

/** @returns the token of an `Authorization: Bearer` header, if there is one */
export function bearerTokenOf({ authorization }: HttpRequest['headers']): string | undefined {
  const [scheme, token, ...rest] = String(authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && token && rest.length === 0 ? token : undefined;
}

/**
 * Reads the bearer token of the `Authorization` header [RFC 6750 §2.1], and of nowhere else.
 *
 * What the token stands for depends on the route, so CredentialResolver decides that; here it is only found.
 */
@Injectable()
export class BearerStrategy extends PassportBearerStrategy {
  validate(token: string): string {
    return token;
  }

  /** Hides body and query, where passport-http-bearer would look too: tokens there end up in logs and histories. */
  override authenticate(request: HttpRequest): void {
    const token = bearerTokenOf(request.headers);
    super.authenticate({ headers: token === undefined ? {} : { authorization: `Bearer ${token}` } } as never);
  }

  /** Passport keeps strategies in one place for the whole process; two modules must not answer for each other. */
  protected getPassportInstance(): unknown {
    return {
      use: (strategy: passport.Strategy) =>
        passport.use((strategy.name = `two-factor-bearer-${++instances}`), strategy),
    };
  }
}
