import { Module, UseGuards } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule, Mutation, Query, Resolver } from '@nestjs/graphql';
import {
  CurrentSession,
  RequireTwoFactor,
  TwoFactorGuard,
  type SessionIdentity,
} from '../../../src/two-factor/index.js';

/** The payments of a company, as GraphQL operations. */
@Resolver()
@UseGuards(TwoFactorGuard)
export class PaymentsResolver {
  @Query(() => String)
  account(@CurrentSession() session: SessionIdentity) {
    return session.accountId;
  }

  @Mutation(() => String)
  @RequireTwoFactor({ maxAge: '5m' })
  pay(@CurrentSession() session: SessionIdentity) {
    return session.accountId;
  }
}

@Module({
  imports: [GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true })],
  providers: [PaymentsResolver],
})
export class PaymentsGraphqlModule {}
