import { errorMessage } from '../errors.js';
import { escapeControls } from './control-characters.js';
import { errorFields } from './error-fields.js';
import { readableError } from './readable-lines.js';

/**
 * What stopped a program, for standard error: one line for the operator; with LOG_LEVEL=debug also the stack and the causes.
 * Not by the log, whose settings may be at fault.
 */
export function startupFailure(error: unknown): string {
  if (process.env.LOG_LEVEL === 'debug') return readableError(errorFields(error)).trimEnd();
  return escapeControls(errorMessage(error).replaceAll(/\s*\n\s*/g, ' '));
}
