#!/usr/bin/env bash
# build.sh CONTEXT TAG: builds the Dockerfile in CONTEXT and prints three lines: the size of the image's files in bytes, the
# folder that holds them, and a file with its settings.
# There is no registry to pull from: the names of the base images are given to local ones, Debian's of a few packages of the
# same release, and Node's with the Node that runs this (`node`, 24 or newer, and the machine's npm).
# Needs root and: apt-get install -y --no-install-recommends buildah runc mmdebstrap
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/buildah.sh"
context=$1 tag=$2
debian=docker.io/library/debian:bookworm-slim
node=docker.io/library/node:24-bookworm-slim

make_debian() {
  local archive packages=base-files,libc6,libstdc++6,dash,coreutils,findutils,sed,grep,tzdata
  archive="$store/debian-$(sha256sum <<<"$packages" | cut -c1-8).tar"
  if [ ! -s "$archive" ]; then
    mmdebstrap --quiet --variant=extract --include="$packages" --format=tar bookworm "$archive.new" >&2
    mv "$archive.new" "$archive"
  fi
  local container root
  container=$(buildah from scratch)
  root=$(buildah mount "$container")
  tar -C "$root" -xf "$archive"
  echo root:x:0:0:root:/root:/bin/sh >"$root/etc/passwd"
  echo root:x:0: >"$root/etc/group"
  buildah umount "$container" >/dev/null
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd bash "$container"
  buildah commit --quiet "$container" "$debian" >/dev/null
  buildah rm "$container" >/dev/null
}

make_node() {
  local container root npm_cli node_folder
  npm_cli=$(readlink -f "$(command -v npm)")
  node_folder=$(node -p 'path.resolve(process.execPath, "../..")')
  container=$(buildah from --pull-never "$debian")
  root=$(buildah mount "$container")
  mkdir -p "$root/usr/local/bin" "$root/usr/local/lib/node_modules"
  install -m 755 "$node_folder/bin/node" "$root/usr/local/bin/node"
  # Beside `bin`, or in the package of the platform where Node comes from npm.
  find "$node_folder" -maxdepth 3 -name LICENSE -size +64k -exec install -m 644 {} "$root/usr/local/LICENSE" \;
  cp -a "${npm_cli%/bin/npm-cli.js}" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  buildah umount "$container" >/dev/null
  buildah config --cmd node "$container"
  buildah commit --quiet "$container" "$node" >/dev/null
  buildah rm "$container" >/dev/null
}

# What an earlier build left.
buildah rm --all >/dev/null
buildah rmi --prune >/dev/null

# The base images are made again with another Node, or when this script has changed.
made_with="$(node --version) $(sha256sum <"$0")"
if [ "$(cat "$store/bases.txt" 2>/dev/null)" != "$made_with" ]; then
  make_debian
  make_node
  echo "$made_with" >"$store/bases.txt"
fi

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
revision=$(git -C "$context" rev-parse HEAD)
buildah build --quiet --pull-never --network host "${mounts[@]}" --build-arg REVISION="$revision" --tag "$tag" "$context" >&2

# Unpacked once: a run needs no copy of its own, because its root is read-only.
container=$(buildah from --pull-never "$tag")
root=$(buildah mount "$container")
mkdir -p "$(unpacked "$tag")"
ln -sfn "$root" "$(unpacked "$tag")/root"
buildah inspect --type image "$tag" >"$(unpacked "$tag")/image.json"
du -s --apparent-size --block-size=1 "$root" | cut -f1
printf '%s\n' "$root" "$(unpacked "$tag")/image.json"
