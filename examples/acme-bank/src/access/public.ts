import { Reflector } from '@nestjs/core';

/** Metadata of `@Public()`. */
export const PUBLIC = Reflector.createDecorator<true>();

/** A route that needs no session. */
export const Public = () => PUBLIC(true);
