import { errorMessage } from '../config/startup-error.js';
import { escapeControls } from './control-characters.js';
import { errorFields } from './error-fields.js';
import { readableError } from './readable-lines.js';

/**
 * What stopped a program, for standard error: one line for the operator, and with LOG_LEVEL=debug where it came from
 * for whoever debugs. Not by the log, whose settings may be what is at fault.
 */
export function refusal(error: unknown): string {
  if (process.env.LOG_LEVEL === 'debug') return readableError(errorFields(error)).trimEnd();
  return escapeControls(errorMessage(error).replaceAll(/\s*\n\s*/g, ' '));
}
