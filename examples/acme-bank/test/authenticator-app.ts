import { createHmac } from 'node:crypto';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** An authenticator app: six digits that change every 30 seconds [RFC 6238]. */
export class AuthenticatorApp {
  private readonly secret: Buffer;
  private lastStep = 0;

  /** @param uri what the QR code of the library holds */
  constructor(uri: string) {
    const text = new URL(uri).searchParams.get('secret') ?? '';
    const bits = text
      .split('')
      .map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
      .join('');
    this.secret = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  }

  /** The code of now, or of the next step when that of now is used up: each code is good once. */
  code(): string {
    this.lastStep = Math.max(Math.floor(Date.now() / 30_000), this.lastStep + 1);
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(this.lastStep));
    const digest = createHmac('sha1', this.secret).update(counter).digest();
    const offset = (digest.at(-1) ?? 0) & 15;
    return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  }
}
