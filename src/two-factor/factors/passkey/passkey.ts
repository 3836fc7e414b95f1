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
