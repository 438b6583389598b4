#!/usr/bin/env bash
# Sourced by build.sh and run.sh: images are built and run without a container engine, in a store of our own.
set -euo pipefail
store=${SCENEDIM_CACHE:-${TMPDIR:-/tmp}/scenedim-ops}/images
mkdir -p "$store"
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot BUILDAH_FORMAT=docker

buildah() { command buildah --storage-driver vfs --root "$store/root" --runroot "$store/run" "$@"; }
