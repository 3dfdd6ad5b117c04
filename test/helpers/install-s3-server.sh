#!/usr/bin/env bash
# Builds the pinned S3 server for the tests and the benchmark into Go's own bin folder. Does nothing where it is there already.
set -euo pipefail

# The newest release when it was pinned (November 2026). Tests and figures are made with this one.
module=github.com/versity/versitygw
version=v1.8.0

command -v go >/dev/null || { echo 'install-s3-server: go is needed to build versitygw' >&2; exit 1; }
bin=$(go env GOBIN)
[ -n "$bin" ] || bin=$(go env GOPATH)/bin
if [ -x "$bin/versitygw" ] && go version -m "$bin/versitygw" | grep -qE "mod\s+$module\s+$version\s"; then
  exit 0
fi
echo "building versitygw $version into Go's bin folder (a minute or two)"
go install "$module/cmd/versitygw@$version"
