#!/usr/bin/env bash
# Sourced by build.sh and run.sh: images are built and run without a container engine, in a store of our own.
# Only one build at a time may use a store.
set -euo pipefail
store=${SCENEDIM_CACHE:-${TMPDIR:-/tmp}/scenedim-ops}/images
mkdir -p "$store"
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot BUILDAH_FORMAT=docker

buildah() { command buildah --storage-driver vfs --root "$store/root" --runroot "$store/run" "$@"; }

# unpacked TAG: the folder with what run.sh needs of an image: `root`, its files, and `image.json`, its settings.
unpacked() { echo "$store/unpacked/${1//[^a-z0-9]/-}"; }
