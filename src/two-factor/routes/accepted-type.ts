interface MediaRange {
  readonly range: string;
  /** From 0, which refuses, to 1. */
  readonly weight: number;
}

/**
 * The media type that the client prefers [RFC 9110 §12.5.1]. Equal weights, no `Accept` and one that fits nothing give
 * the first: an image that was not asked for is of more use than 406.
 *
 * @param accept the value of the `Accept` header
 * @param offered media types in lower case, the default first
 */
export function acceptedType<Type extends string>(
  accept: string | undefined,
  offered: readonly [Type, ...Type[]],
): Type {
  const ranges = (accept ?? '').split(',').map(parseRange);
  let [best] = offered;
  let weight = 0;
  for (const type of offered) {
    const own = weightOf(type, ranges);
    if (own > weight) [best, weight] = [type, own];
  }
  return best;
}

function parseRange(text: string): MediaRange {
  const [range = '', ...parameters] = text
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const given = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = given === undefined ? 1 : Number(given.slice(2));
  return { range, weight: weight >= 0 && weight <= 1 ? weight : 0 };
}

/** The most specific range counts, whatever its weight. */
function weightOf(type: string, ranges: readonly MediaRange[]): number {
  const [group = ''] = type.split('/');
  for (const range of [type, `${group}/*`, '*/*']) {
    const match = ranges.find((candidate) => candidate.range === range);
    if (match) return match.weight;
  }
  return 0;
}
