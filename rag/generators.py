"""Which local generator writes, and on what: OpenVINO's files, safetensors on torch, or none."""

from __future__ import annotations

from rag import models
from rag.errors import BadConfiguration, NoModel
from rag.settings import GeneratorSettings, Settings


def find_generator(settings: Settings) -> tuple[models.ModelFiles | None, tuple[str, ...]]:
    """Files of the local generator, IR or safetensors, and why they are not the first choice.

    None when the embedded answerer must do. On a CPU with OpenVINO the first choice is the IR.

    Raises:
        NoModel: `models = "hub"` and it cannot be had, or a local folder that holds no model for the backend.
        BadConfiguration: an adapter for the backend that takes none.
    """
    wanted = settings.generator
    if wanted.adapter is not None and wanted.backend == "openvino":
        raise BadConfiguration(
            "generator.adapter is merged by torch, and generator.backend is openvino. Set generator.backend = torch."
        )
    if wanted.path is not None:
        return _generator_folder(wanted), ()
    if settings.models == "embedded":
        return None, ()
    missed = ""
    if wanted.backend == "openvino" or (wanted.backend == "auto" and _openvino_first(wanted)):
        files, missed = models.from_hub(wanted.openvino_id, ir=True)
        if files is not None:
            return files, ()
    if wanted.backend != "openvino":
        files, why = models.from_hub(wanted.id)
        if files is not None:
            return files, (f"{missed} The model runs on torch, which is slower.",) if missed else ()
        missed = why
    if settings.models == "hub":
        raise NoModel(f'{missed} Settings say models = "hub", which never falls back: connect, or set models = "auto".')
    return None, (f"{missed} Answers are sentences picked from the notes (extractive).",)


def runs_on_openvino(files: models.ModelFiles, wanted: GeneratorSettings) -> bool:
    """Whether these files of a generator are for OpenVINO, and the settings don't ask for torch."""
    return models.is_ir(files.path) and wanted.backend != "torch" and wanted.adapter is None


def _openvino_first(wanted: GeneratorSettings) -> bool:
    """Whether `auto` prefers the IR: on a CPU, without an adapter, unless another model was asked for."""
    from rag.hardware import device

    chosen = wanted.model_fields_set
    return (
        wanted.adapter is None
        and ("id" not in chosen or "openvino_id" in chosen)
        and openvino_installed()
        and device() == "cpu"
    )


def openvino_installed() -> bool:
    """Whether OpenVINO is there; it is not loaded to find out."""
    from importlib.util import find_spec

    return find_spec("openvino") is not None


def _generator_folder(wanted: GeneratorSettings) -> models.ModelFiles:
    path = wanted.path
    assert path is not None
    ir = models.is_ir(path)
    if wanted.backend == "torch" or wanted.adapter is not None or not (ir or wanted.backend == "openvino"):
        return models.local_folder(path)
    return models.local_folder(path, ir=True)
