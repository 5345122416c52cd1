# The server and its commands. Nothing secret is in it: settings and secrets come from outside.
FROM python:3.11.13-slim-bookworm AS build
RUN python -m venv /venv
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md ./
COPY app app
COPY graph graph
COPY schemas schemas
COPY storage storage
RUN /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11.13-slim-bookworm
COPY --from=build /venv /venv
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin wikibase \
  && install --directory --owner=wikibase --group=wikibase --mode=0700 /data
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA=/data
USER wikibase
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=3)"]
ENTRYPOINT ["wikibase-graph"]
CMD ["serve"]
