# Build:  docker build -t streamgauge .
# Run:    docker run --read-only -p 10121:10121 streamgauge --redis.url=redis://HOST:6379/0
# Any image with Python 3.11 or newer and its venv module will do as base.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python3 -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements/build.txt \
 && python3 -m venv /opt/streamgauge \
 && /opt/streamgauge/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY exporter exporter
COPY alerts alerts
COPY demo demo
COPY docs docs
COPY grafana grafana
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/streamgauge/bin/pip install --no-cache-dir --no-deps --no-index dist/*.whl \
 && /opt/streamgauge/bin/pip uninstall --yes pip setuptools

FROM ${BASE}
LABEL org.opencontainers.image.title="streamgauge" \
      org.opencontainers.image.description="Prometheus exporter for Redis Streams that knows quiet by design from dead" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/streamgauge /opt/streamgauge
ENV PATH=/opt/streamgauge/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# Nothing is written anywhere: the root file system may be read-only. The number, not a name, lets
# Kubernetes see that it is not root.
USER 65532:65532
EXPOSE 10121
# Asks the plain port. With TLS, a login or another address, give your own --health-cmd.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:10121/-/healthy', timeout=4)"]
ENTRYPOINT ["streamgauge", "serve"]
