/** Controls, invisible format characters (those that turn the direction of writing among them) and line separators. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Writes every character that could start a line, move a cursor or hide text as `\uXXXX`: a log is read in terminals
 * and by programs that split at more than line feeds [ASVS 16.4.1].
 */
export function escapeControls(text: string): string {
  return text.replaceAll(CONTROL, (character) =>
    Array.from({ length: character.length }, (_, unit) => escapeUnit(character.charCodeAt(unit))).join(''),
  );
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
