const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Asked before an id from outside meets a `uuid` column, where any other text is an error instead of a miss. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
