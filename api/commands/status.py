"""`status`: what is indexed, what answers, how well the encoder reads it, what fell back and why."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from datetime import datetime
from typing import Any

from api.commands.ingest import show_audit
from api.lines import line
from api.messages import in_language
from api.terminal import Terminal, wrap
from rag.encoders import find_encoder, find_pinned_encoder
from rag.errors import AskNotesError, NotReady
from rag.generators import find_generator, runs_on_openvino
from rag.grounding import calibration_file
from rag.retrieval.generations import Generations, Pin
from rag.retrieval.manifest import Manifest, check_digests
from rag.settings import LoadedSettings, Settings

# Measured on two cores with bf16 and batches by length; see benchmarks.
_CHUNKS_PER_S = 37.0


def status(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Say it all without loading a model; exits 5 where nothing can be searched, 1 where files were changed."""
    settings = loaded.settings
    with redirect_stdout(sys.stderr):
        generator, backend, fallbacks = _generator(settings)
        try:
            pin = Generations(settings.data_dir).pin()
        except NotReady as error:
            found: dict[str, Any] = {"generation": None, "why": str(error), "generator": generator}
            found |= {"generator_backend": backend, "fallbacks": fallbacks}
            _show(found, None, args.json, terminal)
            if not args.json:
                raise
            return 5
        try:
            found = _describe(settings, pin, verify=args.verify)
        finally:
            pin.close()
    found |= {"generator": generator, "generator_backend": backend, "fallbacks": [*found["fallbacks"], *fallbacks]}
    _show(found, pin.manifest, args.json, terminal)
    return 1 if found.get("altered") else 0


def _describe(settings: Settings, pin: Pin, *, verify: bool) -> dict[str, Any]:
    manifest = pin.manifest
    fallbacks = [*(f"Passed over: {reason}" for reason in pin.passed_over), *manifest.fallbacks]
    better = None
    if manifest.encoder is not None:
        try:
            find_pinned_encoder(settings, manifest.encoder.id, manifest.encoder.digest)
        except AskNotesError as error:
            fallbacks.append(str(error))
        better = _better(settings, manifest)
    own = calibration_file.described(settings.data_dir)
    described: dict[str, Any] = {
        "calibration": own and {"made": own.get("made", {}), "thresholds": _thresholds(own)},
        "generation": pin.folder.name,
        "created": manifest.created,
        "counts": manifest.counts.model_dump(),
        "roots": [root.name for root in manifest.roots],
        "embedder": manifest.encoder.id if manifest.encoder else None,
        "encoder": manifest.encoder.model_dump() if manifest.encoder else None,
        "audit": manifest.audit.model_dump(),
        "windows": bool(manifest.windows),
        "kin": bool(manifest.kin),
        "fusion": {name: found.model_dump() for name, found in (manifest.fusion or {}).items()},
        "better": better,
        "fallbacks": list(dict.fromkeys(fallbacks)),
    }
    if verify:
        described["altered"] = check_digests(pin.folder, manifest)
    return described


def _thresholds(own: dict[str, Any]) -> dict[str, float]:
    return {name: one["threshold"] for name, one in own["languages"].items()}


def _better(settings: Settings, manifest: Manifest) -> dict[str, Any] | None:
    """The encoder that an ingest would choose today, if it is another one."""
    if settings.models == "embedded" or manifest.encoder is None:
        return None
    try:
        encoder = find_encoder(settings).encoder
    except AskNotesError:
        return None
    if encoder is None or encoder.files.id == manifest.encoder.id or encoder.files.origin == "embedded":
        return None
    chunks = manifest.counts.chunks
    seconds = round(chunks / _CHUNKS_PER_S, 1)
    return {"id": encoder.files.id, "chunks": chunks, "seconds": seconds, "command": "ask-notes ingest --re-embed"}


def _generator(settings: Settings) -> tuple[str, str, list[str]]:
    """Name and backend of what answers, and why it is not the first choice."""
    wanted = settings.generator
    if wanted.backend == "openai" or (wanted.backend == "auto" and wanted.base_url):
        return wanted.id, "openai", []
    if wanted.backend == "extractive":
        return "extractive", "extractive", []
    try:
        files, why = find_generator(settings)
    except AskNotesError as error:
        return "extractive", "extractive", [str(error)]
    if files is None:
        return "extractive", "extractive", list(why)
    return files.id, "openvino" if runs_on_openvino(files, wanted) else "torch", list(why)


def _show(found: dict[str, Any], manifest: Manifest | None, as_json: bool, terminal: Terminal) -> None:
    if as_json:
        terminal.json(found)
        return
    if manifest is None:
        _row(terminal, "index", line(terminal.language, "none"))
    else:
        counts = manifest.counts
        told = line(
            terminal.language,
            "index_counts",
            generation=found["generation"],
            documents=counts.documents,
            chunks=counts.chunks,
            characters=counts.characters,
            created=_local(found["created"]),
        )
        _row(terminal, "index", told)
        _row(terminal, "roots", ", ".join(found["roots"]))
        _row(terminal, "encoder", found["embedder"] or line(terminal.language, "none"))
    name, backend = found["generator"], found["generator_backend"]
    _row(terminal, "generator", name if name == backend else f"{name} ({backend})")
    if manifest is not None:
        _row(terminal, "calibration", _calibration(found["calibration"], terminal))
        terminal.write()
        show_audit(manifest.audit, terminal)
    if manifest is not None and manifest.fusion:
        legs = [(name, fusion.model_dump()) for name, fusion in manifest.fusion.items()]
        terminal.write()
        terminal.write(line(terminal.language, "legs"), "bold")
        for name, values in legs:
            terminal.write("    " + line(terminal.language, "leg_weight", notes=name, **values))
    _list(terminal, "fell_back", found["fallbacks"])
    if found.get("better"):
        _list(terminal, "advice", [line(terminal.language, "better", **found["better"])])
    if "altered" in found:
        names = ", ".join(found["altered"])
        terminal.write()
        terminal.write(
            line(terminal.language, "altered" if names else "intact", names=names), "warn" if names else "good"
        )


def _calibration(own: dict[str, Any] | None, terminal: Terminal) -> str:
    if own is None:
        return line(terminal.language, "calibration_shipped")
    thresholds = ", ".join(f"{name} {value:.2f}" for name, value in own["thresholds"].items())
    made = own["made"]
    return line(
        terminal.language,
        "calibration_own",
        dataset=made.get("dataset", "?"),
        questions=made.get("questions", 0),
        thresholds=thresholds,
    )


def _row(terminal: Terminal, key: str, text: str) -> None:
    from api.terminal import pad

    terminal.write_raw(terminal.style(pad(line(terminal.language, key), 14), "dim") + terminal.style(text, "bold"))


def _list(terminal: Terminal, key: str, texts: list[str]) -> None:
    if texts:
        terminal.write()
        terminal.write(line(terminal.language, key), "warn")
    for text in texts:
        for row in wrap(in_language(terminal.language, text), terminal.columns, "    "):
            terminal.write(row)


def _local(created: str) -> str:
    return f"{datetime.fromisoformat(created).astimezone():%Y-%m-%d %H:%M}"
