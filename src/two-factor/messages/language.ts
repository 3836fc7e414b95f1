/**
 * Picks the language to write in: the account's own if there are templates for it, else the best that the request asks
 * for [RFC 9110 §12.5.4, lookup of RFC 4647 §3.4], else the fallback.
 *
 * @param available languages that there are templates for, the fallback first
 * @param preferred the account's own, BCP 47
 * @param acceptLanguage the request's header
 */
export function chooseLanguage(
  available: readonly string[],
  preferred: string | undefined,
  acceptLanguage: string | undefined,
): string {
  const asked = (acceptLanguage ?? '')
    .slice(0, 200)
    .split(',')
    .map((item) => {
      const [range = '', quality] = item.split(';');
      return { range: range.trim(), quality: quality ? Number(quality.replace(/^\s*q=/, '')) : 1 };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
    .map(({ range }) => range);
  for (const range of [...(preferred ? [preferred] : []), ...asked]) {
    const found = lookUp(available, range.toLowerCase());
    if (found) return found;
  }
  return available[0] ?? 'en';
}

/** Shortens the range from its end until something fits: `de-AT` finds `de`. */
function lookUp(available: readonly string[], range: string): string | undefined {
  for (let rest = range; rest; rest = rest.slice(0, Math.max(0, rest.lastIndexOf('-')))) {
    const found = available.find((language) => language.toLowerCase() === rest);
    if (found) return found;
  }
  return undefined;
}
