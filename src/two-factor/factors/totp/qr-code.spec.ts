import { describe, expect, it } from '@jest/globals';
import QRCode from 'qrcode';
import { qrCode } from './qr-code.js';

const TEXT = 'otpauth://totp/Acme:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme';

describe('qrCode', () => {
  it('draws the modules of the text, with the quiet zone that scanners need', async () => {
    const svg = await svgOf(TEXT);
    const { modules } = QRCode.create(TEXT, { errorCorrectionLevel: 'M' });
    const size = modules.size + 8;
    expect(svg).toContain(`viewBox="0 0 ${size} ${size}"`);
    expect(drawn(svg, size)).toEqual(
      Array.from({ length: modules.size }, (_, y) =>
        Array.from({ length: modules.size }, (__, x) => Boolean(modules.get(y, x))),
      ),
    );
  });

  it('contains path elements only', async () => {
    const tags = [...(await svgOf(TEXT)).matchAll(/<(\/?\w+)/g)].map(([, tag]) => tag);
    expect(tags).toEqual(['svg', 'path', 'path', '/svg']);
  });

  it('returns a square PNG of the same modules for a client that asks for one', async () => {
    const { type, content } = await qrCode(TEXT, 'image/png');
    const { modules } = QRCode.create(TEXT, { errorCorrectionLevel: 'M' });
    const png = Buffer.from(content);
    expect(type).toBe('image/png');
    expect(png.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
    const side = 6 * (modules.size + 8);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([side, side]);
  });
});

async function svgOf(text: string): Promise<string> {
  const { type, content } = await qrCode(text, 'image/svg+xml');
  expect(type).toBe('image/svg+xml');
  return String(content);
}

/** Follows the pen of the second path: a module is dark where the pen draws. */
function drawn(svg: string, size: number): boolean[][] {
  const [, , path = ''] = svg.split('<path ');
  const commands = /d="([^"]*)"/.exec(path)?.[1] ?? '';
  const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  let [x, y] = [0, 0];
  for (const [, command, first = '', second = '0'] of commands.matchAll(/([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?/g)) {
    if (command === 'M') [x, y] = [Number(first), Number(second)];
    else if (command === 'm') [x, y] = [x + Number(first), y + Number(second)];
    else for (let n = Number(first); n > 0; n--) (rows[Math.floor(y)] ?? [])[x++] = true;
  }
  return rows.slice(4, -4).map((row) => row.slice(4, -4));
}
