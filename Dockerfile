# One image for both processes: `homeostat operator …` and `python -m homeostat_api …`. See manifests/README.md.
#
#   docker build -t homeostat:0.1.0 .

# The pages that browsers are served. npm checks the hash of each package.
FROM debian:bookworm-slim AS pages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY scripts/build-web scripts/build-web
COPY web web
RUN mkdir -p api/homeostat_api/static && scripts/build-web

FROM debian:bookworm-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev libvirt-dev pkg-config python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY requirements requirements
COPY operator operator
COPY api api
COPY scripts/hatch_build.py scripts/hatch_build.py
COPY --from=pages /src/api/homeostat_api/static/web api/homeostat_api/static/web
# pip checks the hash of each package. What builds is pinned too, and stays out of the image: it gets the wheels only.
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
    && /opt/build/bin/pip wheel --no-cache-dir --wheel-dir /wheels --require-hashes --no-build-isolation \
        -r requirements/run.txt -r requirements/kubernetes.txt -r requirements/postgresql.txt \
        -r requirements/webrtc.txt \
    && /opt/build/bin/pip wheel --no-cache-dir --wheel-dir /wheels --no-deps --no-build-isolation . \
    && python3 -m venv /opt/homeostat \
    && /opt/homeostat/bin/pip install --no-cache-dir --no-index --no-deps /wheels/*.whl \
    && /opt/homeostat/bin/python -m compileall -q /opt/homeostat/lib

FROM debian:bookworm-slim
# libvirt0 speaks to libvirt, here or over SSH and TLS; qemu-utils makes disks.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libvirt0 openssh-client python3 qemu-utils \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 homeostat \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin homeostat
COPY --from=build /opt/homeostat /opt/homeostat
ENV PATH=/opt/homeostat/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONUNBUFFERED=1
USER 10001:10001
CMD ["homeostat", "--help"]
