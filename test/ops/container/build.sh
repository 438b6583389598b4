#!/usr/bin/env bash
# build.sh CONTEXT TAG: builds the Dockerfile in CONTEXT and prints the size of the image's files in bytes.
# There is no registry to pull from: the base image's name is given to a local image of the same Debian with the Node that
# runs this (`node`, 24 or newer, and the machine's npm).
# Needs root and: apt-get install -y --no-install-recommends buildah runc mmdebstrap
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/buildah.sh"
context=$1 tag=$2
base=docker.io/library/node:24-bookworm-slim

make_base() {
  local archive="$store/debian.tar" packages=base-files,libc6,libstdc++6,dash,coreutils,sed,grep,ca-certificates,tzdata
  if [ ! -s "$archive" ]; then
    mmdebstrap --quiet --variant=extract --include="$packages" --format=tar bookworm "$archive.new" >&2
    mv "$archive.new" "$archive"
  fi
  local container root npm_cli
  npm_cli=$(readlink -f "$(command -v npm)")
  container=$(buildah from scratch)
  root=$(buildah mount "$container")
  tar -C "$root" -xf "$archive"
  printf '%s\n' root:x:0:0:root:/root:/bin/sh node:x:1000:1000::/home/node:/bin/sh >"$root/etc/passwd"
  printf '%s\n' root:x:0: node:x:1000: >"$root/etc/group"
  mkdir -p "$root/usr/local/bin" "$root/usr/local/lib/node_modules"
  install -m 755 "$(node -p process.execPath)" "$root/usr/local/bin/node"
  cp -a "${npm_cli%/bin/npm-cli.js}" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  buildah umount "$container" >/dev/null
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node "$container"
  buildah commit --quiet "$container" "$base" >/dev/null
  buildah rm "$container" >/dev/null
}

# What an earlier build left.
buildah rm --all >/dev/null
buildah rmi --prune >/dev/null

buildah inspect --type image "$base" >/dev/null 2>&1 || make_base

# The build, not the image, is told which registry and certificates npm uses here.
settings=$(mktemp -d)
trap 'rm -rf "$settings"' EXIT
printf 'registry=%s\n' "$(npm config get registry)" >"$settings/npmrc"
mounts=(--volume "$settings/npmrc:/root/.npmrc:ro")
certificates=${NODE_EXTRA_CA_CERTS:-$(npm config get cafile)}
if [ -f "$certificates" ]; then
  echo cafile=/run/build-certificates.pem >>"$settings/npmrc"
  mounts+=(--volume "$certificates:/run/build-certificates.pem:ro")
fi
buildah build --quiet --pull-never --network host "${mounts[@]}" --tag "$tag" "$context" >&2

# Unpacked once: a run needs no copy of its own, because its root is read-only.
container=$(buildah from --pull-never "$tag")
root=$(buildah mount "$container")
mkdir -p "$(unpacked "$tag")"
ln -sfn "$root" "$(unpacked "$tag")/root"
buildah inspect --type image "$tag" >"$(unpacked "$tag")/image.json"
du -s --apparent-size --block-size=1 "$root" | cut -f1
