import type { Type } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import type { UserView } from '../ports/account-directory.js';
import { OptionalField } from './optional-field.js';
import { PASSWORD_EXAMPLE, PasswordRequest } from './password.dto.js';
import { TOKEN_BEHIND_COOKIE, UserResponse } from './verification.dto.js';

/** What `enable` takes for every factor; factors add fields of their own. */
export interface EnableRequest {
  readonly password: string;
  /** Name of the factor to enrol; undefined for the first of the module's. */
  readonly method?: string;
}

/** What `enable` answers for every factor; factors add members of their own. */
export interface EnableResponse {
  readonly method: string;
}

export class DisableResponse {
  @ApiProperty({ description: 'Two-factor is off', example: true })
  status!: boolean;

  @ApiProperty({
    description: `The session's new token; the old one is dead. ${TOKEN_BEHIND_COOKIE}`,
    example: 'tfs_…',
  })
  token!: string;

  @ApiProperty({ type: UserResponse })
  user!: UserView;
}

/** Names of the factors that `enable` can enrol, the default first. */
export function methodsOf(plugins: readonly FactorPlugin[]): readonly string[] {
  return plugins.filter(({ enable }) => enable?.request).map(({ name }) => name);
}

/** The body of `enable`: its own fields, and those of all factors. */
export function enableRequest(plugins: readonly FactorPlugin[]): Type<EnableRequest> {
  const methods = methodsOf(plugins);
  class MethodRequest extends PasswordRequest {
    @ApiPropertyOptional({
      description: `The method to enable; \`${methods[0] ?? ''}\` when absent.`,
      enum: [...methods, null],
      nullable: true,
    })
    @OptionalField()
    @IsIn(methods)
    method?: string;
  }
  return merged(
    'EnableRequest',
    MethodRequest,
    plugins.flatMap(({ enable }) => enable?.request ?? []),
  );
}

/** The answer of `enable`: its own member, and those of all factors. */
export function enableResponse(plugins: readonly FactorPlugin[]): Type<EnableResponse> {
  const methods = methodsOf(plugins);
  class MethodResponse {
    @ApiProperty({ description: 'The method that was staged', enum: [...methods], example: methods[0] })
    method!: string;
  }
  return merged(
    'EnableResponse',
    MethodResponse,
    plugins.flatMap(({ enable }) => enable?.response ?? []),
  );
}

/** Bodies to try. Each holds what its method needs and nothing else. */
export function enableExamples(
  plugins: readonly FactorPlugin[],
): Readonly<Record<string, { readonly summary: string; readonly value: object }>> {
  const examples = plugins.flatMap(({ enable }) => Object.entries(enable?.examples ?? {}));
  return Object.fromEntries(
    examples.map(([name, { summary, value }]) => [name, { summary, value: { password: PASSWORD_EXAMPLE, ...value } }]),
  );
}

/**
 * One class with the members of several, as the document and the validation see it.
 *
 * @param name what the document calls it
 */
export function merged<T extends object>(name: string, own: Type<T>, others: ReadonlyArray<Type<object>>): Type<T> {
  const type = others.reduce<Type<object>>((sum, other) => IntersectionType(sum, other), own);
  return Object.defineProperty(type, 'name', { value: name }) as Type<T>;
}
