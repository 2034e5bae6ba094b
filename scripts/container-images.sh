#!/usr/bin/env bash
# Makes every container image without a registry, from this machine's own packages: a Debian by debootstrap, on it Postgres, Redis and
# nginx that start as the official images do, and `goldenpath` around a binary that was built outside.
#
#   eval "$(scripts/container-images.sh target/release/goldenpath)"
#
# Prints the names as `export GOLDENPATH_IMAGE…=…`, for `goldenpath services`, deploy/compose.yaml and the tests. Images of others that
# are there already are kept (FRESH=1 makes them anew); the one of `goldenpath` is always made. Needs root, debootstrap and an engine.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${1:?usage: scripts/container-images.sh BINARY}
prefix=${GOLDENPATH_IMAGES:-goldenpath-made-here}
docker=${GOLDENPATH_ENGINE:-docker}

fail() { echo "failed to make the container images: $*" >&2; exit 2; }
[ -x "$binary" ] || fail "\`$binary\` is no program (hint: cargo build --release -p goldenpath-cli)"
[ "$(id -u)" = 0 ] || fail "debootstrap needs root"
command -v debootstrap >/dev/null || fail "\`debootstrap\` is not installed (hint: apt-get install debootstrap)"
command -v "$docker" >/dev/null || fail "\`$docker\` is not installed (hint: apt-get install docker.io)"
"$docker" info >/dev/null || fail "no engine answers (hint: dockerd)"

work=$(mktemp -d)
unpacked=
trap '! mountpoint -q "$work/root/proc" || umount "$work/root/proc"
    [ -z "$unpacked" ] || "$docker" rm "$unpacked" >/dev/null
    rm -rf "$work"' EXIT
there() { "$docker" image inspect "$1" >/dev/null 2>&1; }

# A Debian like this machine's, from where its own apt gets one.
debian() {
    local release mirror
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:?names no release of Debian}")
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Identifier: Packages' |
        awk -v release="$release" '$2 == release && $3 == "main" { print $1; exit }')
    [ -n "$mirror" ] || fail "apt knows no \`$release main\` (hint: apt-get update)"
    debootstrap --variant=minbase --include=ca-certificates "$release" "$work/root" "$mirror" >"$work/log" 2>&1 ||
        { tail -20 "$work/log" >&2; fail "debootstrap"; }
    rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
    tar -C "$work/root" -c . | "$docker" import -c 'CMD ["bash"]' - "$prefix/debian" >/dev/null
}

# The servers, in the tree that is there already. They start nothing: a policy keeps them from it.
servers() {
    local root=$work/root
    if [ ! -d "$root" ]; then
        mkdir "$root"
        unpacked=$("$docker" create "$prefix/debian")
        "$docker" export "$unpacked" | tar -C "$root" -x
    fi
    # How this machine's apt reaches its sources is how this one must.
    apt-config dump Acquire >"$root/etc/apt/apt.conf.d/00host"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    cp /etc/hosts "$root/etc/hosts"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    mkdir -p "$root/etc/postgresql-common" "$root/data"
    printf 'create_main_cluster = false\n' >"$root/etc/postgresql-common/createcluster.conf"
    # Nobody reads manuals in a container.
    printf 'path-exclude=/usr/share/%s/*\n' doc man locale >"$root/etc/dpkg/dpkg.cfg.d/small"
    mount -t proc proc "$root/proc"
    {
        chroot "$root" apt-get update -q &&
            DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" \
                apt-get install -yq --no-install-recommends postgresql redis-server nginx-light
    } >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; fail "apt-get in the tree of the servers"; }
    umount "$root/proc"
    rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* \
        "$root/etc/apt/apt.conf.d/00host" "$root/usr/sbin/policy-rc.d"
    chroot "$root" chown redis:redis /data
    cp scripts/containers/postgres-entrypoint.sh "$root/usr/local/bin/"
    tar -C "$root" -c . | "$docker" import - "$prefix/servers" >/dev/null
}

# What the builder says matters when it fails.
build() { "$docker" build "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$docker build"; }; }

# One layer holds all three; an image says only what is started.
server() {
    mkdir -p "$work/empty"
    build -t "$prefix/$1" -f - "$work/empty"
}

there "$prefix/debian" && [ -z "${FRESH:-}" ] || debian
if ! there "$prefix/servers" || [ -n "${FRESH:-}" ]; then servers; fi
postgres_bin=$("$docker" run --rm "$prefix/servers" sh -c 'echo /usr/lib/postgresql/*/bin')
server postgres <<EOF
FROM $prefix/servers
ENV PATH=$postgres_bin:/usr/local/bin:/usr/bin:/bin
ENTRYPOINT ["postgres-entrypoint.sh"]
CMD ["postgres"]
STOPSIGNAL SIGINT
EOF
server redis <<EOF
FROM $prefix/servers
WORKDIR /data
USER redis
CMD ["redis-server", "--protected-mode", "no"]
EOF
server nginx <<EOF
FROM $prefix/servers
CMD ["nginx", "-g", "daemon off;"]
STOPSIGNAL SIGQUIT
EOF

# The last stage of the Dockerfile, with the binary from here instead of from the stage that compiles it.
mkdir "$work/binary"
cp "$binary" "$work/binary/goldenpath"
build -t "$prefix/runtime" --target runtime --build-arg RUNTIME_IMAGE="$prefix/debian" .
build -t "$prefix/goldenpath" -f - "$work/binary" <<EOF
FROM $prefix/runtime
COPY goldenpath /usr/local/bin/goldenpath
EOF

echo "export GOLDENPATH_IMAGE=$prefix/goldenpath"
for name in postgres redis nginx; do echo "export GOLDENPATH_IMAGE_${name^^}=$prefix/$name"; done
