import type { RouteOptions } from 'nestjs-two-factor';
import { Problem, PROBLEM_JSON, problemOf } from '../access/problem.js';

/** Where customers find the library's routes, which of them there are, and the format of their errors. */
export const MFA_ROUTES: RouteOptions = {
  path: 'security/mfa',
  // Customers turn two-factor off at the counter, and the bank's pages draw the QR code themselves.
  routes: { except: ['disable', 'get-totp-qr'] },
  errors: { format: problemOf, contentType: PROBLEM_JSON, type: Problem },
};
