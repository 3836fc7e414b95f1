import { Needles } from './needles.js';

const SHORTEST = 8;

/**
 * The secrets that services returned or received while a test file ran, in every form in which a log or a table could
 * contain them.
 */
export class Secrets {
  private readonly known = new Set<string>();
  private readonly everywhere = new Needles();
  private readonly inLogs = new Needles();
  private readonly codes = new Map<string, string>();
  private readonly stored = new Set<string>();

  /** Number of different secrets. */
  get size(): number {
    return this.known.size;
  }

  /**
   * Adds a password, token or code as text. Texts shorter than 8 characters are ignored, because they occur by chance.
   */
  addText(kind: string, text: string): void {
    if (text.length < SHORTEST || new Set(text).size < 4 || this.stored.has(text) || !this.isNew(`${kind} ${text}`))
      return;
    for (const [form, written] of textForms(text)) this.everywhere.add(Buffer.from(written), `${kind}, ${form}`);
    this.addEncodings(kind, Buffer.from(text));
  }

  /**
   * Exempts a digest that a test read from a table and sends as a secret, because the table contains it legitimately.
   */
  exempt(text: string): void {
    this.stored.add(text);
  }

  /** Adds a key or a seed. */
  addBytes(kind: string, bytes: Uint8Array): void {
    if (!this.isNew(`${kind} ${Buffer.from(bytes).toString('hex')}`)) return;
    this.everywhere.add(bytes, `${kind}, raw`);
    this.addEncodings(kind, bytes);
  }

  /** Adds personal data, which tables contain legitimately but logs must not. */
  addPersonal(kind: string, text: string): void {
    if (text.length >= SHORTEST && this.isNew(`${kind} ${text}`)) this.inLogs.add(Buffer.from(text), kind);
  }

  /**
   * Adds a code of six digits. Such codes occur by chance within longer numbers, ids and ciphertexts. They are
   * therefore searched as whole words: between characters that are neither letters nor digits, and not as the fraction
   * of a time.
   */
  addCode(kind: string, code: string): void {
    if (/^\d{6}$/.test(code) && this.isNew(`${kind} ${code}`)) this.codes.set(code, kind);
  }

  /** @returns the kind and offset of each secret in the bytes */
  find(bytes: Uint8Array, { log }: { log: boolean }): Array<{ name: string; offset: number }> {
    return [...this.everywhere.find(bytes), ...(log ? this.inLogs.find(bytes) : [])];
  }

  /** @returns the kinds of the codes in a text */
  findCodes(text: string): string[] {
    const words = text.replaceAll(TIME, ' ').match(CODE) ?? [];
    return words.flatMap((word) => this.codes.get(word.replace(/[ -]/, '')) ?? []);
  }

  private isNew(name: string): boolean {
    if (this.known.has(name)) return false;
    this.known.add(name);
    return true;
  }

  private addEncodings(kind: string, bytes: Uint8Array): void {
    this.everywhere.add(Buffer.from(Buffer.from(bytes).toString('hex')), `${kind}, hex`);
    for (const encoding of ['base64', 'base64url'] as const) {
      // The bytes before the secret shift its base64 letters by none, two or four bits.
      for (const before of [0, 1, 2]) {
        const letters = Buffer.concat([Buffer.alloc(before), bytes]).toString(encoding);
        const whole = letters.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
        this.everywhere.add(Buffer.from(whole), `${kind}, ${encoding}`);
      }
    }
  }
}

const CODE = /(?<![A-Za-z0-9])\d{3}[ -]?\d{3}(?![A-Za-z0-9])/g;
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?/g;

/** A map without equal forms, because the set of needles would report the same match once for each. */
function textForms(text: string): ReadonlyMap<string, string> {
  const forms = new Map([['as it is', text]]);
  const more = {
    'in a URL': encodeURIComponent(text.replaceAll(/\p{Cs}/gu, '\ufffd')),
    'in JSON': JSON.stringify(text).slice(1, -1),
  };
  for (const [form, written] of Object.entries(more)) if (written !== text) forms.set(form, written);
  return forms;
}

/** The secrets of the running test file. */
export const secrets = new Secrets();
