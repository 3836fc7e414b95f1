/*
 * What is used of @nestjs/throttler, in the shape of a module for jest (see `bundle-throttler.js`). The built programs
 * bundle it the same way.
 */
export { getOptionsToken, getStorageToken, ThrottlerGuard } from '@nestjs/throttler';
