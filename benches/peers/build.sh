#!/bin/sh
# What `make bench` measures beside Arengo: from Debian, from Go's module proxy, and built here; into benches/.peers.
#
# `build.sh livekit` makes that one alone, for `make sound`.
# A peer that cannot be had is left out; the bench finds it missing and names it in the results.
set -u

here=$(cd "$(dirname "$0")" && pwd)
peers=$here/../.peers
mkdir -p "$peers"
peers=$(cd "$peers" && pwd)

LIVEKIT=v1.13.5
PACKAGES="janus mumble-server iproute2"
# For libsrtp on OpenSSL.
BUILD_PACKAGES="dpkg-dev libssl-dev"

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_missing() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    echo "Installing for the bench:$missing"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # Started by the bench alone, never by the package.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

livekit() {
    server=$peers/livekit-server
    [ -x "$server" ] && "$server" --version 2>/dev/null | grep -q "${LIVEKIT#v}" && return 0
    command -v go >/dev/null || { echo "LiveKit is built with Go, which is not there"; return 1; }
    echo "Building LiveKit $LIVEKIT"
    GOBIN=$peers go install "github.com/livekit/livekit-server/cmd/server@$LIVEKIT" && mv "$peers/server" "$server"
}

if [ "${1:-}" = livekit ]; then
    livekit
    exit
fi
if command -v apt-get >/dev/null; then
    install_missing $PACKAGES $BUILD_PACKAGES || echo "Not everything could be installed; what is missing is named in the results."
else
    echo "Janus and mumble-server are taken from Debian, which this is not."
fi
livekit || echo "LiveKit could not be built."
if command -v janus >/dev/null; then
    sh "$here/libsrtp.sh" >"$peers/libsrtp.log" 2>&1 || echo "libsrtp on OpenSSL could not be built: see $peers/libsrtp.log"
fi
exit 0
