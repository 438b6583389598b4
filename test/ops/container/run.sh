#!/usr/bin/env bash
# run.sh TAG [--env NAME=VALUE]... [--mount SOURCE:TARGET]... [--user UID:GID] [--entrypoint WORD]... [--] ARGUMENT...: runs the
# image as a strict cluster would: read-only root file system without a writable /tmp, the image's own user unless another is
# named, no capabilities, no new privileges, the host's network.
# The process is PID 1 of the container; SIGTERM and SIGINT are passed on to it, its exit code is passed back.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/buildah.sh"
tag=$1
shift
id=scenedim-$$
bundle=$(mktemp -d)
root=$(readlink -e "$(unpacked "$tag")/root") || { echo "no image $tag: run build.sh first" >&2; exit 70; }
trap 'runc delete --force "$id" >/dev/null 2>&1 || true; rm -rf "$bundle"; remove_mount_points' EXIT

# runc makes what is mounted on where the image does not have it. The next container must not find it.
made=()
for argument; do
  target=$root${argument#*:}
  case $argument in /*:/*) [ -e "$target" ] || made+=("$target") ;; esac
done
remove_mount_points() {
  local target
  for target in "${made[@]}"; do
    if [ -d "$target" ]; then rmdir "$target"; else rm -f "$target"; fi
  done
}

(cd "$bundle" && runc spec)
cp "$(unpacked "$tag")/image.json" "$bundle/"
node "$(dirname "$0")/runtime-spec.ts" "$bundle" "$root" "$@"

runc run --bundle "$bundle" "$id" </dev/null &
running=$!
interrupted=
trap 'interrupted=1; runc kill "$id" TERM' TERM
trap 'interrupted=1; runc kill "$id" INT' INT
# A signal ends `wait` early, the container runs on until it has stopped.
while :; do
  status=0
  wait "$running" || status=$?
  [ -n "$interrupted" ] || exit "$status"
  interrupted=
done
