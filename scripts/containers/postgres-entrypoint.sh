#!/bin/sh
# What the official Postgres image does at its start, as far as we use it: a database cluster from POSTGRES_USER,
# POSTGRES_PASSWORD and POSTGRES_DB where there is none yet, then the server, as its own user.
set -eu
: "${PGDATA:=/var/lib/postgresql/data}" "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"
export PGDATA
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : "${POSTGRES_PASSWORD:?is not set}"
    secret=$(mktemp)
    trap 'rm -f "$secret"' EXIT
    printf '%s\n' "$POSTGRES_PASSWORD" >"$secret"
    initdb --username="$POSTGRES_USER" --pwfile="$secret" --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    rm -f "$secret"
    printf "listen_addresses = '*'\n" >>"$PGDATA/postgresql.conf"
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    if [ "$POSTGRES_DB" != postgres ]; then
        # Nobody may connect from outside before the database is there.
        pg_ctl -w start -o "-c listen_addresses=''" >/dev/null
        createdb --username="$POSTGRES_USER" --maintenance-db=postgres "$POSTGRES_DB"
        pg_ctl -w stop -m fast >/dev/null
    fi
fi
exec "$@"
