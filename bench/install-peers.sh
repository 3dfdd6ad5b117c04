#!/usr/bin/env bash
# Installs the tools that the benchmark compares with, into .sluice/bench: nothing is put anywhere else, and nothing is
# started. What is there in the pinned version already is left alone. One that can't be had is named, and the others go on.
set -uo pipefail
cd "$(dirname "$0")/.."
home=$PWD/.sluice/bench
mkdir -p "$home/bin"
missing=()

# The newest releases when they were pinned (November 2026).
rclone=v1.76.0
if ! go version -m "$home/bin/rclone" 2>/dev/null | grep -qE "mod\s+github.com/rclone/rclone\s+$rclone\s"; then
  echo "building rclone $rclone (some minutes)"
  GOBIN=$home/bin go install "github.com/rclone/rclone@$rclone" || missing+=(rclone)
fi

# Made anew where the list has changed.
wanted=$(sha256sum bench/peers.txt)
if [ "$wanted" != "$(cat "$home/venv/peers" 2>/dev/null)" ]; then
  echo 'installing the Python tools of bench/peers.txt'
  rm -rf "$home/venv"
  python3 -m venv "$home/venv" &&
    "$home/venv/bin/pip" install --quiet --only-binary=:all: --require-hashes --requirement bench/peers.txt &&
    echo "$wanted" >"$home/venv/peers" || missing+=('the Python tools')
fi

# Debian's own build, unpacked and not installed: as an installed package it would start a server.
if ! command -v nginx >/dev/null && [ ! -x "$home/nginx/usr/sbin/nginx" ]; then
  echo 'unpacking nginx'
  package=$(mktemp -d)
  (cd "$package" && apt-get download --quiet nginx >/dev/null && dpkg -x nginx_*.deb "$home/nginx") || missing+=(nginx)
  rm -rf "$package"
fi
command -v curl >/dev/null || missing+=('curl, which has to be installed by hand')

if [ ${#missing[@]} -gt 0 ]; then
  printf 'install-peers: not there: %s\n' "${missing[@]}" >&2
  exit 1
fi
