# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
# PyTorch's CPU wheels keep gigabytes of CUDA out of the image; empty: PyPI's default build.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /src
RUN python -m venv /opt/venv
RUN /opt/venv/bin/pip install --no-cache-dir torch==2.13.0 ${TORCH_INDEX:+--index-url ${TORCH_INDEX}}
COPY requirements.lock requirements-openvino.lock ./
RUN /opt/venv/bin/pip install --no-cache-dir -r requirements.lock
# Where there is no wheel of OpenVINO, models run on torch.
RUN /opt/venv/bin/pip install --no-cache-dir --only-binary :all: -r requirements-openvino.lock || true
COPY pyproject.toml README.md LICENSE ./
COPY rag rag
COPY ingest ingest
COPY eval eval
COPY api api
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --create-home --uid 1000 notes && mkdir -p /data /models /notes && chown notes /data /models
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/models \
    ASK_NOTES_DATA_DIR=/data/ask-notes
USER notes
WORKDIR /data
EXPOSE 8000
ENTRYPOINT ["ask-notes"]
CMD ["serve"]
