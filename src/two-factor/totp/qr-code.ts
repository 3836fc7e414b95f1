import QRCode from 'qrcode';

/**
 * A QR code as an SVG document of plain paths: no script, no style, nothing from elsewhere, so that any Content Security
 * Policy lets it be shown. Made here, for what it says is a secret.
 *
 * @param text what the code says
 */
export async function qrCode(text: string): Promise<string> {
  return QRCode.toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 });
}
