import { tokenHash } from '../tokens/tokens.js';
import type { Random } from '../ports/random.js';

const PREFIX = 'tfd_';
const FAMILY_BYTES = 16;
const SECRET_BYTES = 32;

/** 16 bytes are 22 characters of base64url, 32 bytes are 43. */
const TOKEN = /^tfd_([A-Za-z0-9_-]{22})\.[A-Za-z0-9_-]{43}$/;

/**
 * The token of a trusted device, `tfd_<family>.<secret>`.
 *
 * The family stays the same for the life of the device and names it. The secret is replaced at every sign-in. So a copy is
 * recognised for what it is, however many sign-ins ago it was made: it has the right family and an old secret.
 */
export interface DeviceToken {
  /** What the device holds. */
  readonly text: string;
  /** SHA-256 of the family. The family is secret, too: who knew it could end the device by a made-up token. */
  readonly familyHash: Buffer;
  /** SHA-256 of the whole text. */
  readonly hash: Buffer;
}

/** @returns the token, or null for text of any other shape; says nothing about its being alive */
export function parseDeviceToken(text: string | undefined): DeviceToken | null {
  const family = text === undefined ? undefined : TOKEN.exec(text)?.[1];
  return text === undefined || family === undefined ? null : deviceToken(text, family);
}

/** A token of a device that is trusted for the first time. */
export function newDeviceToken(random: Random): DeviceToken {
  return make(random, random.bytes(FAMILY_BYTES).toString('base64url'));
}

/** The token that takes the place of another one of the same device. */
export function nextDeviceToken(random: Random, { text }: DeviceToken): DeviceToken {
  return make(random, text.slice(PREFIX.length, text.indexOf('.')));
}

function make(random: Random, family: string): DeviceToken {
  return deviceToken(`${PREFIX}${family}.${random.bytes(SECRET_BYTES).toString('base64url')}`, family);
}

function deviceToken(text: string, family: string): DeviceToken {
  return { text, familyHash: tokenHash(family), hash: tokenHash(text) };
}
