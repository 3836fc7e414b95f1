const STEM = 4;
/** Offset of the stem, after the prefixes that all tokens share. */
const STEM_AT = 4;
const SHORTEST = STEM_AT + STEM;
const TABLE_BITS = 18;

interface Needle {
  readonly bytes: Buffer;
  readonly name: string;
}

/** The position of a needle in the searched bytes. */
export interface Find {
  readonly name: string;
  readonly offset: number;
}

/**
 * Searches thousands of needles in one pass, without regard to case. At every position it looks four bytes up in a
 * bitmap, and compares whole needles only where the bitmap has a match.
 */
export class Needles {
  private readonly bitmap = new Uint8Array(2 ** TABLE_BITS);
  private readonly byStem = new Map<number, Needle[]>();

  /** @param bytes at least 8 */
  add(bytes: Uint8Array, name: string): void {
    const folded = fold(bytes);
    if (folded.length < SHORTEST) throw new RangeError('A needle that short is found by chance');
    const stem = folded.readUInt32LE(STEM_AT);
    const known = this.byStem.get(stem) ?? [];
    known.push({ bytes: folded, name });
    this.byStem.set(stem, known);
    this.bitmap[slot(stem)] = 1;
  }

  find(haystack: Uint8Array): Find[] {
    const folded = fold(haystack);
    const finds: Find[] = [];
    for (let at = 0; at + STEM_AT + STEM <= folded.length; at++) {
      const stem = folded.readUInt32LE(at + STEM_AT);
      if (this.bitmap[slot(stem)] === 0) continue;
      for (const { bytes, name } of this.byStem.get(stem) ?? []) {
        if (folded.subarray(at, at + bytes.length).equals(bytes)) finds.push({ name, offset: at });
      }
    }
    return finds;
  }
}

function slot(stem: number): number {
  return Math.imul(stem, 0x9e3779b1) >>> (32 - TABLE_BITS);
}

function fold(bytes: Uint8Array): Buffer {
  const folded = Buffer.from(bytes);
  for (let at = 0; at < folded.length; at++) {
    const byte = folded[at] ?? 0;
    if (byte >= 0x41 && byte <= 0x5a) folded[at] = byte + 0x20;
  }
  return folded;
}
