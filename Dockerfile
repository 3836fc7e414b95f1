# syntax=docker/dockerfile:1

# Node.js is pinned to the exact version that was the newest of its line known in November 2026. The digest was not known
# then: look it up where the image is pulled, and append it to the tag (`tag@sha256:…`) on all three lines.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json esbuild.config.js ./
COPY src ./src
RUN npm run build:service

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
# Passwords are hashed by the cores or by this less two, whichever is fewer. A program cannot set it for itself on Node 20.
ENV UV_THREADPOOL_SIZE=16
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
# The files stay owned by root: an attacker in the service cannot change its program.
USER node
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3001}/api/auth/ok`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No npm or shell in between: node itself gets SIGTERM and finishes requests in flight.
CMD ["node", "dist/main.js"]
