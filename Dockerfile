# Whoever builds may pin either by its digest: --build-arg NODE_IMAGE=docker.io/library/node:24-bookworm-slim@sha256:…
# Both have to be of the same Debian, because the program of the first runs on the libraries of the second.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim
ARG BASE_IMAGE=docker.io/library/debian:bookworm-slim

# Nothing that is built here depends on the platform.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY config config
COPY src src
RUN npm run build && npm run --silent sbom >sbom.cdx.json
COPY sql /image/app/sql
COPY package.json LICENSE /image/app/
# The command line without the library. PGlite is its only package outside of the bundle, because its WebAssembly and data
# lie beside its code; extensions, types and what is for CommonJS stay here.
RUN mkdir -p /image/app/dist /image/app/node_modules/@electric-sql /image/volumes/data \
 && chmod 775 /image/volumes/data \
 && cp -R dist/cli.js dist/cli dist/THIRD-PARTY-NOTICES sbom.cdx.json /image/app/dist/ \
 && cp -R node_modules/@electric-sql/pglite /image/app/node_modules/@electric-sql/ \
 && find /image/app/node_modules -type f -regextype egrep -regex '.*\.(map|cjs|d\.c?ts|tar\.gz)' -delete

FROM ${NODE_IMAGE} AS node

# Debian alone: the image of Node also has npm, Yarn and Corepack, which a layer above cannot take away.
FROM ${BASE_IMAGE}
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/LICENSE /usr/local/share/doc/node/LICENSE
COPY --from=build /image/app /app
# The config is looked for here; a volume at /scenedim/data serves a PGlite target. Nothing else is ever written.
WORKDIR /scenedim
# Group 0 may write too: OpenShift runs the image as any user of that group.
COPY --from=build --chown=65532:0 /image/volumes /scenedim
# Fails when the base lacks a library that Node needs. There may be no shell.
RUN ["/usr/local/bin/node", "/app/dist/cli.js", "--version"]
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/app/dist/cli.js"]

ARG BASE_IMAGE
ARG SOURCE=""
ARG REVISION=""
ARG CREATED=""
LABEL org.opencontainers.image.title="scenedim" \
      org.opencontainers.image.description="Keeps a slowly changing dimension of WeChat mini-program access sources (scenes) in your warehouse" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="${BASE_IMAGE}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
