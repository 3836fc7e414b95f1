import QRCode from 'qrcode';

/** An image, as it goes out. */
export type QrImage =
  | { readonly type: 'image/svg+xml'; readonly content: string }
  | { readonly type: 'image/png'; readonly content: Buffer };

/** The media types of a QR code, the one that is answered without a preference first. */
export const QR_TYPES = ['image/svg+xml', 'image/png'] as const satisfies ReadonlyArray<QrImage['type']>;

const DRAWING = { errorCorrectionLevel: 'M', margin: 4 } as const;

/** Pixels of the side of a module: large enough for the camera of a phone, small enough for a page. */
const MODULE_PIXELS = 6;

/**
 * A QR code, drawn here: its text is a secret that no other service may see. The SVG document holds plain paths, without
 * script, style or links, so that any Content Security Policy lets it be shown.
 *
 * @param text what the code says
 */
export async function qrCode(text: string, type: QrImage['type']): Promise<QrImage> {
  return type === 'image/png'
    ? { type, content: await QRCode.toBuffer(text, { ...DRAWING, type: 'png', scale: MODULE_PIXELS }) }
    : { type, content: await QRCode.toString(text, { ...DRAWING, type: 'svg' }) };
}
