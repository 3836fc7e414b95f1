import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

type Token<T> = abstract new (...parameters: never[]) => T;

/**
 * Finds providers of the library's module while the application runs. They cannot be injected: that module imports
 * DeliveryModule, and two modules that import each other do not start.
 */
@Injectable()
export class Library {
  constructor(private readonly modules: ModuleRef) {}

  /** @returns null where the application has no TwoFactorModule */
  find<T>(token: Token<T>): T | null {
    try {
      return this.modules.get<Token<T>, T>(token, { strict: false });
    } catch {
      return null;
    }
  }

  /** @throws {Error} where the application has no TwoFactorModule */
  get<T>(token: Token<T>): T {
    const found = this.find(token);
    if (found) return found;
    throw new Error(
      `DeliveryModule needs ${token.name} of TwoFactorModule: import TwoFactorModule in this application`,
    );
  }
}
