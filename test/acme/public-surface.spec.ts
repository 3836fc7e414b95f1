import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import * as library from '../../src/two-factor/index.js';

const COMPANY = resolve('test/acme/company');
const HARDWARE_KEY = resolve('examples/acme-bank/src/hardware-key');
const INDEX = resolve('src/two-factor/index.js');

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** @returns the modules that a file imports or exports from, relative names resolved */
async function importsOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  const names = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) => name);
  return names.map((name) => (name.startsWith('.') ? resolve(path, '..', name) : name));
}

describe('the example company Acme', () => {
  it("imports the library's index, its own files and packages, and nothing else", async () => {
    const files = await filesOf(COMPANY);
    expect(files.length).toBeGreaterThan(10);
    const imports = (await Promise.all(files.map(importsOf))).flat();
    expect(imports).toContain(INDEX);
    const local = imports.filter((name) => name.startsWith('/') && name !== INDEX);
    const foreign = local.filter((name) => relative(COMPANY, name).startsWith('..'));
    expect(foreign.filter((name) => relative(HARDWARE_KEY, name).startsWith('..'))).toEqual([]);
    expect(imports.filter((name) => /^nestjs-two-factor|^file:/.test(name))).toEqual([]);
  });

  it('has a factor that imports the package of the library and its own files, so that a host can copy the folder', async () => {
    const files = await filesOf(HARDWARE_KEY);
    const imports = (await Promise.all(files.map(importsOf))).flat();
    expect(imports).toContain('nestjs-two-factor');
    const local = imports.filter((name) => name.startsWith('/'));
    expect(local.filter((name) => relative(HARDWARE_KEY, name).startsWith('..'))).toEqual([]);
    expect(imports.filter((name) => /^nestjs-two-factor\/|^file:/.test(name))).toEqual([]);
  });

  it('names no table of the library in its factor, except the keys that sealed rows refer to', async () => {
    const files = await filesOf(HARDWARE_KEY);
    const texts = await Promise.all(files.map((path) => readFile(path, 'utf8')));
    expect(new Set(texts.join('\n').match(/two_factor_\w+/g))).toEqual(new Set(['two_factor_key']));
  });
});

describe('the public surface of the library', () => {
  it('exports the listed names; adding or removing one is a decision', () => {
    expect(Object.keys(library).toSorted()).toEqual(
      [
        'ApiStepUp CredentialSource RequireTwoFactor StepUpResponse callerOf requireClaims',
        'Accepts AcceptsAnyone AcceptsChallenge AccountDirectory AesGcmSealer ApiAuthenticated ApiErrorResponses BEARER_AUTH BackupCodesController',
        'ChallengeService Clock EventLog OtpController PasskeyController PasskeyOptions RemovalService passkeyFactor TotpController isTwoFactorRoute placedTable placementOf',
        'CurrentCaller CurrentExchange CurrentSession Database DatabaseUnavailableError EnrolmentService ErrorResponse Factor',
        'HkdfKeyRing HttpExchange KeyInUse KeyRing KeyRingError KeyRotation keyRotation LogSecurityEvents MESSAGE_LIFE MailSender',
        'MessageDelivery MessageTemplates MessageWriter NO_ORIGIN OptionalField OriginGuard Outbox PasswordRequest PasswordVerifier',
        'Random Reauthentication RequireSecondFactor SealBrokenError SecurityEvents SessionGateway SessionHold SessionResponse',
        'SmsSender StatusController SystemClock SystemRandom TWO_FACTOR_ERRORS Transaction TrustedDevicesController',
        'TwoFactorController TwoFactorException TwoFactorExceptionFilter TwoFactorGuard TwoFactorModule TwoFactorOptions',
        'TwoFactorRoutes TwoFactorService TwoFactorValidationPipe UnknownKeyError UnreadableSecretReporter UserResponse',
        'VerificationRequest VerificationResponse VerificationService backupCodesFactor cookieName defaultFactors deviceName',
        'expiredCookie headerOf inRequestScope isCookieless isToken limitDatabaseTime newToken originOf otpFactor requestId',
        'sealedRecords serializeCookie statement timeLeft OutboxSignal PruneJob inQueue prune',
        'tokenHash totpFactor twoFactorEntities twoFactorMigrations twoFactorSchema verificationResponse withDatabaseDeadline',
      ]
        .join(' ')
        .split(' ')
        .toSorted(),
    );
  });
});
