/** The HTTP server below NestJS. For Fastify export `FastifyAdapter` of `@nestjs/platform-fastify` instead. */
export { ExpressAdapter as HttpPlatform } from '@nestjs/platform-express';
