FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 HEADROOM_HOST=0.0.0.0 HEADROOM_DATA=/data
WORKDIR /headroom
COPY requirements.lock pyproject.toml README.md wsgi.py ./
COPY config config
COPY console console
COPY routing routing
COPY store store
COPY webhooks webhooks
COPY workers workers
RUN pip install -c requirements.lock . && useradd --system --no-create-home headroom && install -d -o headroom -m 700 /data
VOLUME /data
USER headroom
EXPOSE 8000
CMD ["headroom", "web"]
