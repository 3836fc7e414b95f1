import { ApiProperty, ApiPropertyOptional, IntersectionType, PickType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsObject, IsString, Length, Matches, MaxLength } from 'class-validator';
import type { UserView } from '../../ports/account-directory.js';
import type { IssuedSession } from '../../ports/session-gateway.js';
import { OptionalField } from '../../routes/optional-field.js';
import {
  SessionResponse,
  TOKEN_BEHIND_COOKIE,
  UserResponse,
  VerificationRequest,
  VerificationResponse,
} from '../../routes/verification.dto.js';
import type { ListedPasskey } from './passkey.sql.js';

const NAME_LENGTH = 100;
const NAME_PATTERN = /^(?=.*\S)[^\p{Cc}\p{Cs}]*$/u;
const NAME_MESSAGE = { message: 'name must hold a letter and no control characters' };

/** Without blanks at either end. */
const Trimmed = () =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : (value ?? undefined)));

export class RegistrationOptionsRequest {
  @ApiPropertyOptional({
    description:
      '`platform` for the authenticator of this device, `cross-platform` for a security key or another device',
    enum: ['platform', 'cross-platform'],
  })
  @OptionalField()
  @IsIn(['platform', 'cross-platform'])
  authenticatorAttachment?: 'platform' | 'cross-platform';

  @ApiPropertyOptional({
    description: 'What the authenticator shows as the name of the account; without it the address',
    maxLength: NAME_LENGTH,
    example: 'ada@example.com',
  })
  @OptionalField()
  @IsString()
  @MaxLength(NAME_LENGTH)
  name?: string;
}

class RelyingPartyResponse {
  @ApiProperty({ example: 'Acme' })
  name!: string;

  @ApiProperty({ description: 'The domain that passkeys belong to', example: 'example.com' })
  id!: string;
}

class CredentialUserResponse {
  @ApiProperty({ description: '64 random bytes in base64url, the same for every passkey of the account' })
  id!: string;

  @ApiProperty({ example: 'ada@example.com' })
  name!: string;

  @ApiProperty({ example: 'Ada' })
  displayName!: string;
}

class CredentialParameterResponse {
  @ApiProperty({ description: 'Algorithm in numbers of COSE', example: -7 })
  alg!: number;

  @ApiProperty({ example: 'public-key' })
  type!: string;
}

class CredentialDescriptorResponse {
  @ApiProperty({ description: 'In base64url' })
  id!: string;

  @ApiProperty({ example: 'public-key' })
  type!: string;

  @ApiProperty({ type: [String], example: ['internal', 'hybrid'] })
  transports!: string[];
}

class AuthenticatorSelectionResponse {
  @ApiPropertyOptional({ enum: ['platform', 'cross-platform'] })
  authenticatorAttachment?: string;

  @ApiProperty({ example: 'preferred' })
  residentKey!: string;

  @ApiProperty({ example: false })
  requireResidentKey!: boolean;

  @ApiProperty({ example: 'preferred' })
  userVerification!: string;
}

/** `PublicKeyCredentialCreationOptionsJSON` of WebAuthn §5.4. */
export class RegistrationOptionsResponse {
  @ApiProperty({ description: 'In base64url. It is good once and for five minutes' })
  challenge!: string;

  @ApiProperty({ type: RelyingPartyResponse })
  rp!: RelyingPartyResponse;

  @ApiProperty({ type: CredentialUserResponse })
  user!: CredentialUserResponse;

  @ApiProperty({ type: [CredentialParameterResponse] })
  pubKeyCredParams!: CredentialParameterResponse[];

  @ApiProperty({ description: 'Milliseconds', example: 300_000 })
  timeout!: number;

  @ApiProperty({ example: 'none' })
  attestation!: string;

  @ApiProperty({ description: 'Passkeys that the account has already', type: [CredentialDescriptorResponse] })
  excludeCredentials!: CredentialDescriptorResponse[];

  @ApiProperty({ type: AuthenticatorSelectionResponse })
  authenticatorSelection!: AuthenticatorSelectionResponse;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'boolean' }, example: { credProps: true } })
  extensions!: Record<string, boolean>;
}

/** `PublicKeyCredentialRequestOptionsJSON` of WebAuthn §5.5. */
export class AuthenticationOptionsResponse {
  @ApiProperty({ description: 'The domain that passkeys belong to', example: 'example.com' })
  rpId!: string;

  @ApiProperty({ description: 'In base64url. It is good once and for five minutes' })
  challenge!: string;

  @ApiProperty({ description: 'Milliseconds', example: 300_000 })
  timeout!: number;

  @ApiProperty({ example: 'preferred' })
  userVerification!: string;

  @ApiPropertyOptional({
    description: 'Passkeys of the account; absent for a caller without credential, whose authenticator finds them',
    type: [CredentialDescriptorResponse],
  })
  allowCredentials?: CredentialDescriptorResponse[];
}

const RESPONSE = {
  description: 'What `navigator.credentials` answered, as JSON with its bytes in base64url',
  type: 'object',
  additionalProperties: true,
} as const;

/** A body to try; a browser makes the real one. */
export const RESPONSE_EXAMPLE = {
  answer: {
    summary: 'The answer of an authenticator',
    value: { response: { id: 'dGVzdA', rawId: 'dGVzdA', type: 'public-key', response: { clientDataJSON: 'e30' } } },
  },
};

export class RegistrationRequest {
  @ApiProperty(RESPONSE)
  @IsObject()
  response!: object;

  @ApiPropertyOptional({
    description: 'What to call the passkey; without it the name of the device',
    example: 'Blue key',
    maxLength: NAME_LENGTH,
    nullable: true,
    type: 'string',
  })
  @OptionalField()
  @Trimmed()
  @IsString()
  @Length(1, NAME_LENGTH)
  @Matches(NAME_PATTERN, NAME_MESSAGE)
  name?: string;
}

export class AuthenticationRequest extends PickType(VerificationRequest, ['trustDevice']) {
  @ApiProperty(RESPONSE)
  @IsObject()
  response!: object;
}

export class DeletePasskeyRequest {
  @ApiProperty({ description: 'Id of the passkey', example: '8f5a2f0e-3c56-4b0b-9b5c-0c3a4d1f7a55' })
  @IsString()
  id!: string;
}

export class UpdatePasskeyRequest extends DeletePasskeyRequest {
  @ApiProperty({
    description: 'How to call the passkey from now on',
    example: 'Blue key',
    minLength: 1,
    maxLength: NAME_LENGTH,
  })
  @Trimmed()
  @IsString()
  @Length(1, NAME_LENGTH)
  @Matches(NAME_PATTERN, NAME_MESSAGE)
  name!: string;
}

/** A passkey as the official client knows it. */
export class PasskeyResponse {
  @ApiProperty({ format: 'uuid', example: '8f5a2f0e-3c56-4b0b-9b5c-0c3a4d1f7a55' })
  id!: string;

  @ApiProperty({ description: 'What its owner calls it', example: 'Blue key' })
  name!: string;

  @ApiProperty({ description: 'COSE key in base64' })
  publicKey!: string;

  @ApiProperty({ description: 'ID of the user', example: '5b0ef6ce-1f1c-4c43-9d1a-0a3ab0d5f9b8' })
  userId!: string;

  @ApiProperty({ description: 'In base64url' })
  credentialID!: string;

  @ApiProperty({ description: 'How often it signed, where it counts', example: 0 })
  counter!: number;

  @ApiProperty({
    description: '`singleDevice` for one that cannot leave its authenticator, `multiDevice` for a synced one',
    enum: ['singleDevice', 'multiDevice'],
    example: 'multiDevice',
  })
  deviceType!: 'singleDevice' | 'multiDevice';

  @ApiProperty({ description: 'Whether it is stored in more than one place', example: true })
  backedUp!: boolean;

  @ApiProperty({ description: 'Ways to reach it, separated by commas', example: 'internal,hybrid' })
  transports!: string;

  @ApiProperty({ format: 'date-time', example: '2026-08-24T14:15:22.000Z' })
  createdAt!: Date;

  @ApiProperty({
    description: 'Model of the authenticator, as it says itself',
    format: 'uuid',
    example: '00000000-0000-0000-0000-000000000000',
  })
  aaguid!: string;
}

class RegisteredResponse {
  @ApiPropertyOptional({
    description: 'Ten backup codes, shown this once; only where the passkey turned two-factor on',
    type: [String],
    example: ['7Q2M-X0RK-9V4D-T8HW-3CNE-Z5PB'],
  })
  backupCodes?: readonly string[];

  @ApiProperty({
    description: `The session's new token; the old one is dead. ${TOKEN_BEHIND_COOKIE}`,
    example: 'tfs_…',
  })
  token!: string;

  @ApiProperty({ type: UserResponse })
  user!: UserView;
}

export class RegistrationResponse extends IntersectionType(PasskeyResponse, RegisteredResponse) {}

export class AuthenticationResponse extends VerificationResponse {
  @ApiProperty({ type: SessionResponse })
  session!: IssuedSession['session'];
}

export class PasskeyUpdatedResponse {
  @ApiProperty({ type: PasskeyResponse })
  passkey!: PasskeyResponse;
}

export class PasskeyDeletedResponse {
  @ApiProperty({ description: 'The passkey is gone', example: true })
  status!: boolean;
}

export class PasskeysStatusResponse {
  @ApiProperty({ description: 'Passkeys that can be used here', example: 1 })
  passkeys!: number;
}

export function passkeyResponse(accountId: string, passkey: ListedPasskey): PasskeyResponse {
  const { id, name, credentialId, publicKey, signCount, transports, aaguid, deviceBound, backedUp, createdAt } =
    passkey;
  return {
    id,
    name,
    publicKey: publicKey.toString('base64'),
    userId: accountId,
    credentialID: credentialId.toString('base64url'),
    counter: Number(signCount),
    deviceType: deviceBound ? 'singleDevice' : 'multiDevice',
    backedUp,
    transports: transports.join(','),
    createdAt,
    aaguid,
  };
}
