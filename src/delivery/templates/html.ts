export interface HtmlMail {
  /** BCP 47 */
  readonly language: string;
  readonly subject: string;
  readonly heading: string | undefined;
  readonly code: string | undefined;
  /** Absolute; stands below the first paragraph. */
  readonly link?: string | undefined;
  readonly paragraphs: readonly string[];
}

const PAGE = 'margin:0 auto;max-width:32em;padding:24px;font:16px/1.5 system-ui,sans-serif;color:#1a1a1a';
const CODE = 'margin:16px 0;font:bold 32px/1.25 ui-monospace,monospace;letter-spacing:4px';

/** Builds a mail of plain paragraphs without remote content. */
export function htmlMail({ language, subject, heading, code, link, paragraphs }: HtmlMail): string {
  const [first, ...others] = paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`);
  const body = [
    ...(heading === undefined ? [] : [`<p>${escapeHtml(heading)}</p>`]),
    ...(code === undefined ? [] : [`<p style="${CODE}">${escapeHtml(code)}</p>`]),
    first ?? '',
    ...(link === undefined ? [] : [`<p><a href="${escapeHtml(link)}">${escapeHtml(link)}</a></p>`]),
    ...others,
  ];
  return `<!doctype html>
<html lang="${escapeHtml(language)}">
<head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>
<body style="${PAGE}">
${body.join('\n')}
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text and the values of attributes in double quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
