# The `goldenpath` command: as small as its libraries allow, as a user of its own, with a health check.
#
#   docker build -t goldenpath:0.1.0 .
#   docker run --rm -p 127.0.0.1:8000:8000 goldenpath:0.1.0
#
# Where no registry can be reached, RUST_IMAGE and RUNTIME_IMAGE name images of one's own, and scripts/container-images.sh puts a binary
# that was built outside onto the stage `runtime`.
ARG RUST_IMAGE=rust:1.95-bookworm
# Of the same Debian as the one above: the binary uses its C library.
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${RUNTIME_IMAGE} AS runtime
RUN useradd --uid 10001 --user-group --create-home --home-dir /var/lib/goldenpath --shell /usr/sbin/nologin goldenpath
USER 10001:10001
# Data and the development secret, where nothing else is named.
WORKDIR /var/lib/goldenpath
ENV NO_COLOR=1
EXPOSE 8000
# Ready, not only alive: store, event log and keys can be reached. Of the shell alone, as there is nothing else that asks by HTTP.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000 && printf 'GET /ready HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.. 200 ' <&3"]
ENTRYPOINT ["goldenpath"]
CMD ["serve", "--listen", "0.0.0.0:8000"]

FROM ${RUST_IMAGE} AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked -p goldenpath-cli && cp target/release/goldenpath /goldenpath

FROM runtime
COPY --from=build /goldenpath /usr/local/bin/goldenpath
