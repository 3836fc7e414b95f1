import { ENDPOINTS, type Endpoint } from './endpoints.js';
import type { Measurement } from './measure.js';
import type { Results } from './report.js';

/* A picture of a run: bars of CPU a request, for each endpoint without a password. */

const WIDTH = 760;
const LABEL = 170;
const BAR = 14;
const GAP = 4;
const GROUP_GAP = 18;
const TOP = 78;
const RIGHT = 120;

const SERVERS = [
  { name: 'ours', label: 'nestjs-two-factor' },
  { name: 'peer', label: 'Better Auth' },
  { name: 'floor', label: 'node:http with the same statements' },
] as const;

/** Colours for a light page, and for a dark one by the reader's preference. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .small { font-size: 11px; fill: #57606a }
  .title { font-size: 16px; font-weight: 600 }
  .ours { fill: #0969da } .peer { fill: #bf8700 } .floor { fill: #8c959f }
  .postgres { opacity: .45 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 }
    .ours { fill: #4493f8 } .peer { fill: #d29922 } .floor { fill: #6e7681 }
  }`;

/** @returns SVG. A pale part of a bar is the CPU of Postgres. */
export function picture({ endpoints, date, machine, requests, rounds }: Results): string {
  const groups = ENDPOINTS.flatMap((endpoint) => {
    const measured = endpoints[endpoint];
    // Beside a password hash nothing else can be seen.
    return measured && endpoint !== 'sign-in' && endpoint !== 'enable' ? [{ endpoint, measured }] : [];
  });
  const longest = Math.max(...groups.flatMap(({ measured }) => Object.values(measured).map((m) => m.cpu + m.postgres)));
  const scale = (WIDTH - LABEL - RIGHT) / longest;
  let y = TOP;
  const bars = groups.map(({ endpoint, measured }) => {
    const top = y;
    const lines = SERVERS.flatMap(({ name }) => {
      const m = measured[name];
      if (!m) return [];
      const line = bar(name, m, y, scale);
      y += BAR + GAP;
      return [line];
    });
    y += GROUP_GAP;
    return `${label(endpoint, top)}${lines.join('')}`;
  });
  const caption = `${date.slice(0, 10)}, ${machine.replace(/, load.*/, '')}; ${rounds} rounds of ${requests} requests, 16 in flight`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 24}" role="img" aria-labelledby="t">
<title id="t">CPU a request, beside Better Auth</title>
<style>${STYLE}</style>
<text class="title" x="0" y="20">CPU a request, milliseconds</text>
${legend()}
${bars.join('\n')}
<text class="small" x="0" y="${y + 12}">${escape(caption)}</text>
</svg>
`;
}

function legend(): string {
  let x = 0;
  return SERVERS.map(({ name, label: text }) => {
    const mark = `<rect class="${name}" x="${x}" y="36" width="12" height="12"/><text x="${x + 18}" y="47">${text}</text>`;
    x += 40 + text.length * 7;
    return mark;
  })
    .concat(`<text class="small" x="0" y="66">pale: CPU of Postgres</text>`)
    .join('');
}

function label(endpoint: Endpoint, y: number): string {
  return `<text x="0" y="${y + 12}">${endpoint}</text>`;
}

function bar(name: string, { cpu, postgres }: Measurement, y: number, scale: number): string {
  const [own, theirs] = [cpu * scale, postgres * scale];
  const rect = (kind: string, x: number, width: number) =>
    `<rect class="${kind}" x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}"/>`;
  return (
    rect(name, LABEL, own) +
    rect(`${name} postgres`, LABEL + own, theirs) +
    `<text class="small" x="${(LABEL + own + theirs + 6).toFixed(1)}" y="${y + 11}">${cpu.toFixed(2)} + ${postgres.toFixed(2)}</text>`
  );
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
