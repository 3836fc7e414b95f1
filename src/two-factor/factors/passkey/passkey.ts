/**
 * How a passkey was used, in words of RFC 8176: a key in hardware or one that is synced, whose possession was proven, and
 * whether the authenticator verified its user.
 */
export function passkeyMethods({
  deviceBound,
  userVerified,
}: {
  readonly deviceBound: boolean;
  readonly userVerified: boolean;
}): readonly string[] {
  return [deviceBound ? 'hwk' : 'swk', 'pop', ...(userVerified ? ['user'] : [])];
}

/**
 * Whether a counter tells of a copy [WebAuthn §6.1.1]: one that counts must grow. An authenticator that never counts
 * answers 0 for ever.
 *
 * @param stored the highest counter seen so far
 */
export function isCloneSuspected(stored: number, answered: number): boolean {
  return (stored > 0 || answered > 0) && answered <= stored;
}

/** ECDSA on P-256 with SHA-256, in numbers of COSE. */
export const ES256 = -7;

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** Whether a signature is the DER of two positive numbers of at most 256 bits, in their shortest form, and nothing else. */
export function isExactEcdsaSignature(signature: Uint8Array): boolean {
  if (signature[0] !== SEQUENCE || signature[1] !== signature.length - 2) return false;
  const second = endOfInteger(signature, 2);
  return second !== null && endOfInteger(signature, second) === signature.length;
}

/** @returns where the number ends that begins at `at`, or null where none does */
function endOfInteger(der: Uint8Array, at: number): number | null {
  const [tag, length = 0, first = 0, next = 0] = der.subarray(at, at + 4);
  if (tag !== INTEGER || length < 1 || length > 33 || at + 2 + length > der.length) return null;
  // A number that begins with a set bit is negative; a leading zero is for that bit alone.
  if (first > 0x7f || (first === 0 && (length === 1 || next < 0x80)) || (length === 33 && first !== 0)) return null;
  return at + 2 + length;
}
