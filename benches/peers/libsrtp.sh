#!/bin/sh
# Build libsrtp2 on OpenSSL from Debian's source package, into benches/.peers/libsrtp.
#
# Debian's own build has NSS as its crypto engine; the tuned run of Janus is given this one by LD_LIBRARY_PATH.
# Same version, same patches, same compiler flags: only the engine differs. The system's packages and its list of
# sources stay as they are; needs dpkg-dev, a C compiler and libssl-dev.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
target=$here/.peers/libsrtp
library=$target/lib/libsrtp2.so.1

is_on_openssl() {
    ldd "$1" | grep -q 'libcrypto\.so' && ! ldd "$1" | grep -q 'libnss3\.so'
}

if [ -e "$library" ] && is_on_openssl "$library"; then
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
chmod 755 "$work"
mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial" "$work/source"

# The places that Debian's binaries come from also have their sources.
. /etc/os-release
for list in /etc/apt/sources.list.d/*.sources; do
    if [ -e "$list" ] && grep -q "^Suites:.*$VERSION_CODENAME" "$list" && grep -q 'debian-archive' "$list"; then
        sed 's/^Types:.*/Types: deb-src/' "$list" > "$work/sources/$(basename "$list")"
    fi
done
if [ -e /etc/apt/sources.list ]; then
    sed -n "/$VERSION_CODENAME/s/^deb /deb-src /p" /etc/apt/sources.list > "$work/sources/debian.list"
fi

apt() {
    apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/sources" \
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root "$@"
}

apt update
cd "$work/source"
apt source libsrtp2
cd libsrtp2-*/
flags=$(dpkg-buildflags --get CFLAGS | sed 's/-ffile-prefix-map=[^ ]*//')
./configure --prefix="$target" --enable-openssl --disable-stdout --enable-syslog --disable-debug \
    CFLAGS="$flags -D_REENTRANT -O3 -fexpensive-optimizations -funroll-loops"
make shared_library
mkdir -p "$target/lib"
cp libsrtp2.so.1 "$library"

if ! is_on_openssl "$library"; then
    echo "libsrtp.sh: $library is not on OpenSSL" >&2
    exit 1
fi
