#!/usr/bin/env bash
# The system in containers, run for real and without a registry: images made here, the servers that tests start for themselves, `goldenpath
# services` through its whole life with a validation in between, deploy/compose.yaml with another one through its front, and the
# Kubernetes manifests against their schemas.
#
#   scripts/containers.sh target/release/goldenpath
#
# Needs root, and on Debian binutils, curl, debootstrap, docker.io, docker-compose, openssl and python3-venv. Uses the engine that answers, or
# starts one of its own and ends it. Leaves in an engine that was there the images; one of its own leaves what every dockerd does, the bridge
# docker0 and its chains in iptables, which the next one takes over. Without an engine it fails: nothing here passes unless it ran.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(realpath "${1:?usage: scripts/containers.sh BINARY}")
work=$(mktemp -d)
set_name=goldenpath-$$
engine=
began=$SECONDS
say() { printf '== %s (after %d s)\n' "$*" $((SECONDS - began)); }
fail() { echo "failed: $*" >&2; exit 1; }

for program in debootstrap docker dockerd curl python3 openssl strip; do
    PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || fail "\`$program\` is not installed (hint: apt-get install docker.io debootstrap curl python3-venv openssl binutils)"
done
python3 -c 'import ensurepip' 2>/dev/null || fail "Python makes no environments of its own (hint: apt-get install python3-venv)"
if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi
"${compose[@]}" version >/dev/null || fail "compose is not installed (hint: apt-get install docker-compose)"

# Also for its end compose wants every secret to be set.
POSTGRES_PASSWORD=$(openssl rand -hex 32) REDIS_PASSWORD=$(openssl rand -hex 32) HARNESS_CLIENT_SECRET=$(openssl rand -hex 32)
export POSTGRES_PASSWORD REDIS_PASSWORD HARNESS_CLIENT_SECRET GOLDENPATH_PORT=28000
composed() { "${compose[@]}" -p "$set_name-compose" -f deploy/compose.yaml "$@"; }

finish() {
    local status=$?
    set +e
    if [ -n "${GOLDENPATH_IMAGE:-}" ]; then
        [ "$status" -eq 0 ] || docker ps -a
        (cd "$work" && "$binary" services clean --name "$set_name" >/dev/null)
        composed down -v >"$work/compose.log" 2>&1 || cat "$work/compose.log"
    fi
    if [ -n "$engine" ]; then
        kill "$engine" && wait "$engine" 2>/dev/null
        [ "$status" -eq 0 ] || tail -20 "$work/dockerd.log"
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT

if ! docker info >/dev/null 2>&1; then
    say "an engine of our own"
    export DOCKER_HOST=unix://$work/docker.sock
    PATH="$PATH:/usr/sbin" dockerd --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/run" --pidfile "$work/pid" \
        >"$work/dockerd.log" 2>&1 &
    engine=$!
    until docker info >/dev/null 2>&1; do
        kill -0 "$engine" 2>/dev/null || { tail -20 "$work/dockerd.log" >&2; engine=; fail "no container engine can be started on this machine"; }
        [ $((SECONDS - began)) -lt 60 ] || fail "the container engine does not answer"
        sleep 0.2
    done
fi

say "images"
cp "$binary" "$work/goldenpath"
strip "$work/goldenpath"
scripts/container-images.sh "$work/goldenpath" >"$work/images"
. "$work/images"

# In a folder of its own, where `--environment local` finds what `services` says there.
goldenpath() { (cd "$work" && "$binary" "$@"); }
services() { goldenpath services "$1" --name "$set_name" "${@:2}"; }
ports=(--gateway-port 28000 --auth-port 28100 --postgres-port 25432 --redis-port 26379)
healthy() { services status --format json | grep -c '"healthy": true' || true; }
postgres_says() { docker exec "$set_name-postgres" psql -U goldenpath -d goldenpath -Atc "$1"; }

say "services for tests, in containers"
# Built as scripts/test.sh builds the crates, so that nothing is built twice.
cargo test --locked --workspace --exclude tests-unit --exclude tests-integration --exclude tests-e2e --exclude tests-mission-critical \
    --features goldenpath-services/containers --test containers

say "services up"
services up "${ports[@]}" --gateways 2
[ "$(healthy)" -eq 6 ] || fail "five services and the set are to be healthy"
say "validate --environment local"
goldenpath validate --environment local --categories functional --ci-mode
runs=$(postgres_says 'select count(*) from goldenpath.runs')
[ "$runs" -gt 0 ] || fail "the runs are to be in Postgres"
say "services restart"
services restart
[ "$(postgres_says 'select count(*) from goldenpath.runs')" -eq "$runs" ] || fail "a restart lost runs"
say "services down, and up with what was kept"
services down
[ -z "$(docker ps -aq --filter "label=goldenpath.services=$set_name")" ] || fail "down left containers"
[ ! -e "$work/goldenpath-data/services/goldenpath.toml" ] || fail "after down local is still the services'"
status=0
services status || status=$?
[ "$status" -eq 3 ] || fail "the status of no services is exit $status, not 3"
services up "${ports[@]}"
[ "$(postgres_says 'select count(*) from goldenpath.runs')" -eq "$runs" ] || fail "down lost runs"
say "a port that is taken is named"
status=0
goldenpath services up --name "$set_name-other" "${ports[@]}" 2>"$work/refused" || status=$?
[ "$status" -eq 2 ] && grep -q 'port 25432 for `postgres`.*--postgres-port' "$work/refused" || fail "exit $status: $(cat "$work/refused")"
status=0
services up "${ports[@]/26379/28000}" 2>"$work/refused" || status=$?
[ "$status" -eq 2 ] && grep -q 'port 28000 is for `redis` and for `gateway-1`' "$work/refused" || fail "exit $status: $(cat "$work/refused")"
[ "$(healthy)" -eq 5 ] || fail "what was refused is to leave everything as it was"
say "services clean"
services clean
[ -z "$(docker volume ls -q --filter "label=goldenpath.services=$set_name")" ] || fail "clean left volumes"
[ ! -e "$work/goldenpath-data/services" ] || fail "clean left secrets"

say "compose"
(unset REDIS_PASSWORD; ! composed config >/dev/null 2>&1) || fail "compose is to refuse a secret that is not set"
composed up -d >"$work/compose.log" 2>&1 || { cat "$work/compose.log" >&2; fail "compose up"; }
front=localhost:$GOLDENPATH_PORT
curl -sS --fail --retry 60 --retry-delay 1 --retry-all-errors -o /dev/null "http://$front/ready"
[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$front/metrics")" = 404 ] || fail "metrics are nobody's business"
GOLDENPATH_TARGET__AUTH__MODE=oauth GOLDENPATH_TARGET__AUTH__TOKEN_URL=http://$front/auth/token \
    GOLDENPATH_TARGET__AUTH__CLIENT_ID=harness GOLDENPATH_TARGET__AUTH__CLIENT_SECRET_ENV=HARNESS_CLIENT_SECRET \
    GOLDENPATH_TARGET__AUTH__USER_FIELD=requested_subject \
    goldenpath validate --target "ws://$front/ws" --categories functional --ci-mode
composed down -v >"$work/compose.log" 2>&1 || { cat "$work/compose.log" >&2; fail "compose down"; }

say "the Kubernetes manifests"
python3 -m venv "$work/python"
"$work/python/bin/pip" install -q --disable-pip-version-check kubernetes-validate==1.37.0
"$work/python/bin/kubernetes-validate" --strict deploy/kubernetes/{auth,gateway,ingress}.yaml
say "all done"
