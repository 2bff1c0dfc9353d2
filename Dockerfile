# jobtune with PostgreSQL's programs, from the Debian package of scripts/release:
#
#   scripts/release
#   docker build --tag jobtune dist --file Dockerfile
#
# On a machine that cannot pull images, scripts/jobtune-image makes the base first.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
USER root
COPY jobtune_*.deb /tmp/
# postgresql-common makes a cluster with each server package unless it is told not to.
RUN set -eu; \
    if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
        apt-get update; \
        apt-get install --yes --no-install-recommends postgresql-common; \
        sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf; \
        apt-get install --yes --no-install-recommends postgresql; \
        rm -rf /var/lib/apt/lists/*; \
    fi; \
    apt-get install --yes --no-install-recommends /tmp/jobtune_*.deb; \
    rm /tmp/jobtune_*.deb; \
    id jobtune >/dev/null 2>&1 || useradd --create-home --uid 10001 jobtune; \
    mkdir -p /work /cache /state; \
    chown jobtune: /work /cache /state
# PostgreSQL refuses root. Runs go to /work; mount it to keep them.
USER jobtune
ENV JOBTUNE_CACHE_DIR=/cache JOBTUNE_STATE_DIR=/state
WORKDIR /work
ENTRYPOINT ["jobtune"]
CMD ["--help"]
