import { styleText } from 'node:util';
import type { DestinationStream } from 'pino';
import { errorMessage } from '../errors.js';
import { errorFields, type ErrorFields } from './redact.js';

const COLOURS = { fatal: 'red', error: 'red', warn: 'yellow', info: 'green', debug: 'gray' } as const;

/** Formats JSON log lines for a developer's terminal: `12:34:56 WARN [TwoFactor] …`. */
export function readableLines(write: (text: string) => void): DestinationStream {
  return { write: (line) => write(readable(JSON.parse(line) as Record<string, unknown>)) };
}

function readable({ level, time, context, event, msg, err, ...rest }: Record<string, unknown>): string {
  const name = String(level) as keyof typeof COLOURS;
  const head = `${String(time).slice(11, 19)} ${styleText(COLOURS[name] ?? 'gray', name.toUpperCase().padEnd(5))}`;
  const fields = Object.entries(rest).map(([field, value]) => `${field}=${JSON.stringify(value)}`);
  const words = [
    `[${String(context)}]`,
    ...[event, err === undefined ? msg : undefined].filter((word) => typeof word === 'string'),
    ...fields,
  ];
  return `${head} ${escapeControls(words.join(' '))}\n${err === undefined ? '' : readableError(err as ErrorFields)}`;
}

/** Formats an error on several lines: message, stack frames, causes. */
function readableError({ stack = '', cause, errors = [], type, message, ...codes }: ErrorFields): string {
  const fields = Object.entries(codes).map(([field, value]) => `${field}=${value}`);
  const lines = [[`${type}: ${message}`, ...fields].join(' '), ...stack.split('\n').filter((frame) => frame !== '')];
  const text = lines.map((line, index) => `${index === 0 ? '' : '    '}${escapeControls(line)}\n`).join('');
  return [text, ...[cause, ...errors].flatMap((inner) => (inner ? [`caused by ${readableError(inner)}`] : []))].join(
    '',
  );
}

/**
 * Formats a startup failure for standard error: one line for the operator; LOG_LEVEL=debug adds the stack and the causes.
 * Does not use the log, because the log's settings may be the fault.
 */
export function startupFailure(error: unknown): string {
  if (process.env.LOG_LEVEL === 'debug') return readableError(errorFields(error)).trimEnd();
  return escapeControls(errorMessage(error).replaceAll(/\s*\n\s*/g, ' '));
}

/** Control characters, invisible format characters (including bidirectional controls) and line separators. */
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
