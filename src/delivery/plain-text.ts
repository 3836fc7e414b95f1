/* Of this folder's own: it is published without the service's logging. A log keeps what it escapes, a reader of a mail does not need it. */

/** Replaces every character that a terminal would interpret, except for those in `kept`. */
export function plainText(text: string, kept = ''): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    kept.includes(character) ? character : '\ufffd',
  );
}
