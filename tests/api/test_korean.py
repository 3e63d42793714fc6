"""Korean for English sentences: each is got from the function that writes it, so that a new wording fails here."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
import string
import sys

import pytest
from huggingface_hub import constants

from api.commands.models import writing_model
from api.commands.serve import listen
from api.korean import SENTENCES, in_korean
from api.lines import STAGES_KO
from api.messages import detail_ko, in_language, told
from api.security import check_listen
from eval.embedding_map import write_map
from eval.loading import load as load_dataset
from eval.results import read_frame, replace_text
from eval.runner import run
from eval.stats import check_gates, parse_gate
from ingest.audit import ChunkReading, audit
from ingest.build import build
from ingest.encoder import INT8, choose_encoder
from ingest.request import IngestRequest
from rag import encoders, generators, models, wiring
from rag.errors import AskNotesError
from rag.generation.yes_no import probabilities
from rag.retrieval.embedding import E5Embeddings
from rag.retrieval.generations import Generations
from rag.retrieval.manifest import MANIFEST, EncoderPin
from rag.retrieval.openvino_encoder import runs_on_openvino
from rag.retrieval.tokens import Reading
from rag.settings import Settings, load
from rag.types import Claim
from tests.helpers import Recorder, save_tiny_encoder, write_notes

HANGUL = re.compile("[가-힣]")
# What stays as it is in a Korean sentence: names, numbers, commands, punctuation; no English clause.
CLAUSE = re.compile(r"\b(?:is|was|are|and|the|not|cannot|run|set)\b", re.IGNORECASE)


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(models, "hub_reachable", lambda: False)


def refused(call, *args, **options) -> str:
    with pytest.raises(AskNotesError) as error:
        call(*args, **options)
    return str(error.value)


def is_korean(text: str, *names: str) -> None:
    korean = in_korean(text)
    assert korean is not None, f"no Korean for: {text}"
    assert HANGUL.search(korean)
    assert not CLAUSE.search(re.sub(r"`[^`]*`", "", korean)), korean
    assert all(name in korean for name in names), korean


def test_both_languages_name_the_same():
    for english, korean in SENTENCES:
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, korean)]
        assert fields[0] >= fields[1] >= fields[0] - {"package", "why"}, english


def test_what_is_not_known_stays_whole():
    known = "X/y is not in the cache and the hub is out of reach."
    assert in_korean(known) == "X/y 모델이 캐시에 없고 허브에도 연결할 수 없습니다."
    assert in_korean(f"{known} And then something new.") is None
    assert in_korean("") is None
    assert in_language("ko", "Something new.") == "Something new."
    assert in_language("en", known) == known
    assert in_language("ko", known) == in_korean(known)


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT, errno.ENOTDIR, errno.EROFS, errno.ENOSPC])
def test_what_the_operating_system_says(number):
    is_korean(f"map.html cannot be written: {os.strerror(number)}. Make room or name another --out.", "map.html")
    is_korean(os.strerror(number))


def test_errors_speak_in_their_own_sentences_where_they_are_known():
    message = "The question has 2,999 characters, at most 2,000 are read. Shorten it."
    assert told("ko", "question_too_long", message) == "질문이 2,999자입니다. 2,000자 안으로 줄여 주세요."
    assert detail_ko("question_too_long", message) == "질문이 2,999자입니다. 2,000자 안으로 줄여 주세요."
    assert told("ko", "bad_notes", "New words.").endswith("(New words.)")


@pytest.mark.usefixtures("offline")
def test_models_out_of_reach():
    settings = Settings()
    (encoder,) = encoders.find_encoder(settings).fallbacks
    is_korean(encoder, settings.encoder.id, models.EMBEDDED_ENCODER)
    assert choose_encoder(settings, None, re_embed=False).fallbacks == (encoder,)
    _, (generator,) = generators.find_generator(settings)
    is_korean(generator, settings.generator.id)
    assert wiring.open_generator(settings).fallbacks == (generator,)
    is_korean(refused(encoders.find_encoder, Settings(models="hub")), settings.encoder.id)
    is_korean(refused(generators.find_generator, Settings(models="hub")), settings.generator.id)
    is_korean(refused(wiring.open_generator, load({"generator.backend": "torch"}, environ={}).settings))
    is_korean(refused(writing_model, settings, "--judge"), "--judge", settings.generator.id)
    is_korean(refused(writing_model, load({"generator.backend": "extractive"}, environ={}).settings, "--judge"))


def test_the_cross_check():
    settings = load({"generator.backend": "extractive", "cross_check": True}, environ={}).settings
    (nobody,) = wiring.open_generator(settings).fallbacks
    is_korean(nobody, "cross_check")

    class Silent:
        metadata: dict[str, object] = {}  # noqa: RUF012

        def __iter__(self):
            return iter(())

        def cancel(self):
            pass

    claim = Claim("x", ("y",))
    untold = refused(probabilities, [claim], lambda *args, **kwargs: Silent(), question="?")
    is_korean(untold, "logprobs")
    is_korean(f"This answer was not cross-checked. {untold}", "logprobs")


def test_a_hub_that_breaks_off(monkeypatch):
    monkeypatch.setattr(models, "hub_reachable", lambda: True)
    (encoder,) = encoders.find_encoder(Settings()).fallbacks
    is_korean(encoder, "intfloat/e5-small-v2", "(")
    _, (generator,) = generators.find_generator(Settings())
    is_korean(generator, "Qwen/Qwen3-0.6B")


@pytest.mark.usefixtures("offline")
def test_nothing_embedded_either(monkeypatch):
    monkeypatch.setattr(models, "embedded_files", lambda: None)
    for why in encoders.find_encoder(Settings()).fallbacks:
        is_korean(why)
    for why in encoders.find_encoder(Settings(models="embedded")).fallbacks:
        is_korean(why)
    is_korean(refused(encoders.find_pinned_encoder, Settings(), models.EMBEDDED_ENCODER, "x"))


@pytest.mark.usefixtures("offline")
def test_the_encoder_of_an_index(tmp_path):
    find = encoders.find_pinned_encoder
    is_korean(refused(find, Settings(), "intfloat/e5-small-v2", "x"), "intfloat/e5-small-v2")
    is_korean(refused(find, Settings(), "my folder", "x"), "my folder")
    is_korean(refused(find, Settings(), models.EMBEDDED_ENCODER, "0123456789abcdef"), models.EMBEDDED_ENCODER)
    is_korean(refused(encoders.check_pin, Settings(models="embedded"), "intfloat/e5-small-v2"), "intfloat/e5-small-v2")
    pin = EncoderPin(
        id="a/b", digest="x", origin="hub", query_prefix="", passage_prefix="", pooling="mean", dim=2, window=9
    )
    is_korean(refused(choose_encoder, Settings(models="embedded"), pin, re_embed=False))
    is_korean(refused(models.local_folder, tmp_path / "none"))
    is_korean(refused(models.local_folder, tmp_path), "config.json")


def test_an_encoder_that_runs_on_torch_instead(tmp_path, minilm, monkeypatch):
    pytest.importorskip("openvino")
    (tmp_path / "file").write_text("in the way")
    for numbers in ("auto", "int8"):
        for copies in (tmp_path / "none", tmp_path / "file" / "below"):
            encoder = E5Embeddings(minilm, backend="openvino", dtype=numbers, copies=copies)
            if numbers == "int8":
                is_korean(refused(encoder.load if copies.name == "none" else encoder.prepare), minilm.files.id, "int8")
            else:
                _ = copies.name == "none" or encoder.prepare()
                is_korean(encoder.fallbacks[0], minilm.files.id, "torch")
    is_korean(refused(runs_on_openvino, "torch", "int8"), "int8")
    monkeypatch.setitem(sys.modules, "onnx", None)
    is_korean(refused(runs_on_openvino, "openvino", "auto"), "onnx")


def test_int8_and_the_other_numbers(minilm):
    rough = load({"models": "embedded", "encoder.dtype": "int8"}, environ={}).settings
    find, digest = encoders.find_pinned_encoder, models.weights_digest(minilm.files.path)
    is_korean(INT8, "int8", "12")
    is_korean(refused(find, rough, models.EMBEDDED_ENCODER, digest), "int8")
    is_korean(refused(find, Settings(models="embedded"), models.EMBEDDED_ENCODER, f"{digest}-int8"), "int8")


def test_the_stages_of_an_ingest_have_korean_names(tmp_path, monkeypatch):
    named = set()

    class Listener(Recorder):
        def stage(self, name, total, unit):
            named.update((name, unit))
            return super().stage(name, total, unit)

    # No copy of the encoder is there yet, so that every stage takes place.
    monkeypatch.setattr(constants, "HF_ASSETS_CACHE", str(tmp_path / "assets"))
    encoder = save_tiny_encoder(tmp_path / "e5-tiny")
    settings = load({"data_dir": tmp_path / "data", "encoder.path": encoder}, environ={}).settings
    notes = write_notes(tmp_path / "notes", {"a.md": "# Gate\n\nThe gate of the weight is in the query.\n"})
    build(settings, IngestRequest(paths=[notes]), Listener())
    assert {"embedding", "chunks"} <= named
    assert named <= set(STAGES_KO)


def test_generations_that_were_passed_over(course, tmp_path, monkeypatch):
    settings = course.model_copy(update={"data_dir": tmp_path / "data"})
    shutil.copytree(course.data_dir, settings.data_dir)
    (settings.data_dir / "index" / "CURRENT").unlink()
    for why in wiring.LiveNotes(settings).fallbacks():
        is_korean(why, "CURRENT")
    monkeypatch.setattr(models, "embedded_files", lambda: None)
    auto = settings.model_copy(update={"models": "auto"})
    is_korean(wiring.LiveNotes(auto).fallbacks()[-1], models.EMBEDDED_ENCODER)

    generations = Generations(settings.data_dir)
    folder = settings.data_dir / "index" / "gen-000001"
    monkeypatch.setattr(wiring, "LEXICAL_VERSION", -1)
    is_korean(wiring.LiveNotes(auto).fallbacks()[-2], "ingest")
    (folder / "dense.faiss").write_bytes(b"short")
    is_korean(refused(generations.pin), "gen-000001/dense.faiss")
    (folder / "dense.faiss").unlink()
    is_korean(refused(generations.pin), "gen-000001/dense.faiss")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**manifest, "format": 0}), encoding="utf-8")
    is_korean(refused(generations.pin), "gen-000001")
    (folder / MANIFEST).write_text("{", encoding="utf-8")
    is_korean(refused(generations.pin), "gen-000001")
    (folder / MANIFEST).unlink()
    is_korean(refused(generations.pin), "gen-000001")


def test_the_audit():
    found = audit([ChunkReading("토큰화.md", 100, 90, Reading(10, 4, 0.33))], ["ko"], 256, models.EMBEDDED_ENCODER)
    is_korean(found.worst[0], "토큰화.md", "33%")
    is_korean(found.advice, models.EMBEDDED_ENCODER, "--re-embed")
    is_korean(audit([], [], None, None).advice)


def test_notes_that_cannot_be_ingested(course, tmp_path):
    def ingest(**request):
        return refused(build, course, IngestRequest(**request))

    is_korean(ingest(paths=[tmp_path / "nowhere"]), "nowhere")
    is_korean(ingest(klue_mrc=["nowhere"]), "nowhere")
    is_korean(ingest(forget=["nowhere"]), "nowhere", "notes")
    (tmp_path / "a.pdf.zip").touch()
    is_korean(ingest(paths=[tmp_path / "a.pdf.zip"]), "a.pdf.zip")
    inside = next(course.data_dir.parent.glob("notes/*"))
    is_korean(ingest(paths=[inside]), "notes")
    is_korean(ingest(paths=[course.data_dir.parent]), "--forget")
    empty = Settings(data_dir=tmp_path / "empty", models="embedded")
    is_korean(refused(build, empty, IngestRequest()))
    is_korean(refused(build, empty, IngestRequest(forget=["nowhere"])))
    (tmp_path / "file").touch()
    notes = write_notes(tmp_path / "more", {"a.md": "# A\n\nb\n"})
    blocked = Settings(data_dir=tmp_path / "file", models="embedded")
    is_korean(refused(build, blocked, IngestRequest(paths=[notes])), "index")
    with Generations(tmp_path / "locked").writing():
        locked = Settings(data_dir=tmp_path / "locked", models="embedded")
        is_korean(refused(build, locked, IngestRequest(paths=[notes])))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retrieval.kk", "3"),
        ("nothing.like.it", "3"),
        ("retrieval.k", "0"),
        ("retrieval.k", "900"),
        ("retrieval.k", "many"),
        ("generator.top_p", "0"),
        ("generator.temperature", "warm"),
        ("models", "big"),
    ],
)
def test_settings_that_do_not_fit(name, value):
    is_korean(refused(load, {name: value}, environ={}), name)


def test_addresses(tmp_path):
    is_korean(refused(load, None, tmp_path / "none.toml", environ={}), "none.toml")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = load({"server.port": port}, environ={}).settings.server
        is_korean(refused(listen, server), str(port))
    is_korean(refused(check_listen, load({"server.host": "0.0.0.0"}, environ={}).settings.server), "0.0.0.0")
    is_korean(refused(listen, load({"server.host": "192.0.2.1"}, environ={}).settings.server), "192.0.2.1")


def test_evaluation(course, course_retriever, tmp_path, monkeypatch):
    is_korean(refused(load_dataset, "nowhere.jsonl"), "nowhere.jsonl")
    is_korean(refused(parse_gate, "foo"), "foo")
    is_korean(refused(parse_gate, "beauty>=1"), "beauty")
    for gates in (["recall@5>=0.9"], ["recall@5>=0.9", "total_ms<=5", "em_klue>=0.1"]):
        entry = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 8}
        measured = {"recall@5": entry, "total_ms": {**entry, "value": 50.0, "high": 60.0}, "em_klue": {"low": None}}
        is_korean(refused(check_gates, [parse_gate(text) for text in gates], measured), "recall@5>=0.9", "0.4")
    drafts = tmp_path / "drafts.jsonl"
    drafts.write_text("", encoding="utf-8")
    is_korean(refused(load_dataset, str(drafts)), "drafts")
    drafts.write_text('{"question": "LoRA는?", "answers": ["x"], "status": "draft"}\n', encoding="utf-8")
    is_korean(refused(load_dataset, str(drafts)), "drafts", "1")
    is_korean(refused(read_frame, tmp_path), tmp_path.name)
    is_korean(refused(replace_text, drafts / "map.html", ""), "map.html")
    questions = tmp_path / "q.jsonl"
    questions.write_text('{"question": "LoRA는?", "answers": ["x"]}\n', encoding="utf-8")
    dataset = load_dataset(str(questions))
    is_korean(refused(run, course, dataset, tmp_path / "out", leave_out_share=2.0), "2.0")
    monkeypatch.setattr(course_retriever.index, "dense", None)
    is_korean(refused(write_map, course_retriever, tmp_path / "map.html"))
