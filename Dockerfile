FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY config config
COPY src src
RUN npm run build

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="scenedim" \
      org.opencontainers.image.description="Keeps a slowly changing dimension of WeChat mini-program access sources (scenes) in your warehouse" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
ENV NODE_ENV=production
# The only package that is not in the bundle: its WebAssembly and data lie beside its code.
COPY --from=build /build/node_modules/@electric-sql/pglite /app/node_modules/@electric-sql/pglite
COPY --from=build /build/dist /app/dist
COPY sql /app/sql
COPY config/scenedim.example.yaml /app/config/
COPY package.json LICENSE /app/

# The config is looked for here; a volume at /scenedim/data serves a PGlite target. Nothing else is ever written.
WORKDIR /scenedim
RUN mkdir data && chown 65532:65532 data
USER 65532:65532
ENTRYPOINT ["node", "/app/dist/cli.js"]
