/* What the floor does for one endpoint: the statements of the service, and where each value comes from. */

/** Where a value comes from: the request, a row that an earlier statement returned, or a value made for this request. */
export type Source =
  { readonly input: string } | { readonly step: number; readonly path: readonly string[] } | { readonly fresh: number };

/** A value of a statement. */
export type Ingredient =
  | { readonly constant: string | null }
  /** In hex. */
  | { readonly bytes: string }
  | { readonly from: Source }
  /** Text around values that come from elsewhere. */
  | { readonly text: ReadonlyArray<string | Source> };

/**
 * A value made for each request, because the database refuses it twice or counts by it: a UUID, or something random as long
 * as what was recorded.
 */
export type Fresh =
  { readonly kind: 'uuid' } | { readonly kind: 'bytes' | 'hex' | 'base64url'; readonly length: number };

export interface Step {
  readonly name: string;
  readonly text: string;
  readonly values: readonly Ingredient[];
  /** Steps with the same number are sent together. */
  readonly roundTrip: number;
}

export interface Recipe {
  readonly steps: readonly Step[];
  readonly fresh: readonly Fresh[];
  /** Whether the request compares a password before its first statement. */
  readonly password: boolean;
  /** The answer of the service to one of the recorded requests. */
  readonly answer: string;
}
