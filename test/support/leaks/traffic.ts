import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ScureBase32Plugin } from 'otplib';
import { secrets } from './secrets.js';

type HeaderValue = string | number | readonly string[] | undefined;

const TOKEN = /\b(?:tfd_[\w-]{22}\.|[a-z]{2,8}_)[\w-]{43}(?![\w-])/g;
const KINDS: Readonly<Record<string, string>> = {
  tfs: 'session token',
  tfc: 'challenge token',
  tfd: 'device token',
  tfl: 'link token',
};
const PASSWORDS = ['password', 'currentPassword', 'newPassword'];
const TOKENS = ['token', 'twoFactorToken', 'trustedDeviceToken', 'challenge'];

const base32 = new ScureBase32Plugin();

/** Records every secret that a service receives or returns, for any client. */
export function recordTraffic(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('preHandler', async (request) => {
    learnFromRequest(request.headers, request.body);
    for (const token of decoded(request.url).match(TOKEN) ?? []) learnToken(token);
  });
  fastify.addHook('onSend', async (_request, reply, payload) => {
    learnFromAnswer(reply.getHeaders(), typeof payload === 'string' ? payload : '');
  });
}

/** Records the secrets of a request: passwords, codes and tokens, both right and wrong ones. */
export function learnFromRequest(headers: Readonly<Record<string, HeaderValue>>, body: unknown): void {
  learnTokens(headers);
  if (typeof body !== 'object' || body === null) return;
  const members = new Map(Object.entries(body).filter(([, value]) => typeof value === 'string') as [string, string][]);
  for (const name of PASSWORDS) secrets.addText('password', members.get(name) ?? '');
  learnCode(members.get('code') ?? '');
  learnToken(members.get('token') ?? '');
  const { email = '', phoneNumber = '' } = Object.fromEntries(members);
  if (/^[^@\s]+@[^@\s]+$/.test(email)) secrets.addPersonal('mail address', email);
  secrets.addPersonal('phone number', phoneNumber);
}

/** Records the secrets of a response: tokens, seeds and backup codes. */
export function learnFromAnswer(headers: Readonly<Record<string, HeaderValue>>, text: string): void {
  learnTokens(headers);
  if (!text.startsWith('{')) return;
  const body = JSON.parse(text) as Record<string, unknown>;
  const { session, totpURI, backupCodes } = body;
  for (const name of TOKENS) learnToken(body[name]);
  if (typeof session === 'object' && session !== null && 'token' in session) learnToken(session.token);
  if (typeof totpURI === 'string') learnSeed(new URL(totpURI).searchParams.get('secret') ?? '');
  if (Array.isArray(backupCodes)) for (const code of backupCodes) learnCode(String(code));
}

/** Records a mailed or texted code or link. */
export function learnFromMessage(text: string): void {
  for (const token of text.match(TOKEN) ?? []) learnToken(token);
  for (const code of text.match(/\b\d{6}\b/g) ?? []) secrets.addCode('mailed or texted code', code);
}

/** A header contains tokens at any position: after `Bearer`, between cookies, and percent-encoded there. */
function learnTokens(headers: Readonly<Record<string, HeaderValue>>): void {
  for (const value of Object.values(headers)) {
    for (const token of decoded(String(value)).match(TOKEN) ?? []) learnToken(token);
  }
}

/** The list of sessions has members named `token` that are UUIDs and not valid as tokens. They are not recorded. */
function learnToken(token: unknown): void {
  if (typeof token !== 'string' || token.match(TOKEN)?.[0] !== token) return;
  const end = token.indexOf('_');
  const kind = KINDS[token.slice(0, end)] ?? 'token';
  secrets.addText(kind, token);
  // The prefixes are public, so a token without its prefix is as secret as the whole.
  secrets.addText(`${kind} without its prefix`, token.slice(end + 1));
}

function learnSeed(seed: string): void {
  secrets.addText('seed in base32', seed);
  secrets.addBytes('seed', base32.decode(seed));
}

function learnCode(code: string): void {
  secrets.addCode('code of an authenticator or a message', code);
  const bare = code.replaceAll(/[\s-]/g, '');
  if (!/^[0-9a-z]{24}$/i.test(bare)) return;
  secrets.addText('backup code', code);
  secrets.addText('backup code without separators', bare);
  secrets.addText('backup code with blanks', (bare.match(/.{4}/g) ?? []).join(' '));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
