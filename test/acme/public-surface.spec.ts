import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import * as library from '../../src/two-factor/index.js';

const COMPANY = resolve('test/acme/company');
const INDEX = resolve('src/two-factor/index.js');

/** What a file imports or exports from elsewhere, relative names resolved. */
async function importsOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  const names = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) => name);
  return names.map((name) => (name.startsWith('.') ? resolve(path, '..', name) : name));
}

describe('Acme', () => {
  it("imports the library's index, its own files and packages, and nothing else", async () => {
    const entries = await readdir(COMPANY, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(10);
    const imports = (await Promise.all(files.map(importsOf))).flat();
    expect(imports).toContain(INDEX);
    const local = imports.filter((name) => name.startsWith('/') && name !== INDEX);
    expect(local.filter((name) => relative(COMPANY, name).startsWith('..'))).toEqual([]);
    expect(imports.filter((name) => /^nestjs-two-factor|^file:/.test(name))).toEqual([]);
  });
});

describe('the public surface', () => {
  it('is what it was: a name that goes or comes is a decision', () => {
    expect(Object.keys(library).toSorted()).toEqual(
      [
        'Accepts AccountDirectory ApiAuthenticated ApiErrorResponses BEARER_AUTH BackupCodesService Clock CurrentCaller',
        'CurrentExchange CurrentSession Database DatabaseUnavailableError EnrolmentService ErrorResponse HkdfKeyRing HttpExchange KeyRing',
        'KeyRingError KeyRotation keyRotation NO_ORIGIN originOf SessionHold',
        'LogSecurityEvents MailSender MessageDelivery MessageTemplates MessageWriter OriginGuard Outbox PasswordVerifier Random RequireSecondFactor SecurityEvents SessionResponse',
        'SessionGateway SmsSender SystemClock SystemRandom TWO_FACTOR_ERRORS TotpService Transaction TwoFactorController',
        'TwoFactorException TwoFactorExceptionFilter TwoFactorGuard TwoFactorModule TwoFactorOptions TwoFactorService',
        'TwoFactorValidationPipe UnknownKeyError UserResponse StatusController TrustedDevicesController cookieName deviceName expiredCookie isToken newToken serializeCookie',
        'statement timeLeft tokenHash twoFactorEntities twoFactorMigrations withDatabaseDeadline',
      ]
        .join(' ')
        .split(' ')
        .toSorted(),
    );
  });
});
