/** The part of pg that @types/pg leaves out. */
declare module 'pg/lib/utils.js' {
  const utils: {
    /** Turns any value into text for the wire, as `client.query` does. */
    prepareValue: (value: unknown) => unknown;
  };
  export default utils;
}
