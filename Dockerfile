# The daemon and its scripts. Build: docker build --tag alidade:local .
# For clusters with Kerberos: docker build --build-arg FEATURES=kerberos --tag alidade:local .
FROM rust:1.95-bookworm AS build
ARG FEATURES=""
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends libclang-dev libkrb5-dev libsasl2-dev libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package alidade --features "$FEATURES"

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates libssl3 zlib1g python3-minimal \
        krb5-user libgssapi-krb5-2 libsasl2-2 libsasl2-modules-gssapi-mit \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /home/alidade alidade
WORKDIR /opt/alidade
COPY --from=build /src/target/release/alidade bin/alidade
COPY bin bin
COPY config/zookeeper config/zookeeper
COPY examples examples
USER alidade
ENV METRON_HOME=/opt/alidade
ENTRYPOINT ["/opt/alidade/bin/alidade"]
CMD ["--help"]
