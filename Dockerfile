# The daemon and its scripts. Build: docker build --tag alidade:local .
FROM rust:1.95-bookworm AS build
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package alidade

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates libssl3 zlib1g python3-minimal \
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
