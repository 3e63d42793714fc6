import json
import threading

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from ingest.build import build
from ingest.request import IngestRequest
from rag import models, wiring
from rag.errors import BadConfiguration, DamagedIndex, EncoderMismatch, NoIndex, NoModel
from rag.grounding.crosscheck import together
from rag.retrieval.generations import Generations
from rag.retrieval.manifest import MANIFEST
from rag.settings import EncoderSettings, GeneratorSettings, RetrievalSettings, Settings
from rag.types import Question
from rag.wiring import LiveNotes, open_generator, open_pipeline
from tests.helpers import save_tiny_encoder, write_notes

QUESTION = "게이트는 무엇을 정하나?"


@pytest.fixture
def settings(tmp_path, e5_tiny):
    return Settings(
        data_dir=tmp_path / "data",
        encoder=EncoderSettings(path=e5_tiny, dtype="float32"),
        generator=GeneratorSettings(backend="extractive"),
    )


@pytest.fixture
def notes(settings, tmp_path):
    """Writes notes and ingests them."""

    def put(**texts):
        folder = write_notes(tmp_path / "notes", {f"{name}.md": text for name, text in texts.items()})
        return build(settings, IngestRequest(paths=[folder]))

    put(gates="# 게이트\n\n게이트는 값을 정한다. 망각 게이트는 지울 것을 정한다.\n", kitten="# Kitten\n\nthe kitten.\n")
    return put


@pytest.fixture
def opened():
    pipelines = []

    def make(settings, **options):
        pipelines.append(open_pipeline(settings, **options))
        return pipelines[-1]

    yield make
    for pipeline in pipelines:
        pipeline.close()


def sources(pipeline, query):
    return [passage.source for passage in pipeline.search(query).passages]


def test_from_settings_to_an_answer(settings, notes, opened):
    pipeline = opened(settings)
    answer = pipeline.ask(Question(QUESTION))
    assert "정한다" in answer.text
    assert (answer.generator, answer.embedder, answer.generation) == ("extractive", "e5-tiny", "gen-000001")
    assert answer.citations[0].source == "gates.md"
    readiness = pipeline.readiness()
    assert (readiness.ready, readiness.generator, readiness.fallbacks) == (True, "extractive", ())


def test_for_searching_no_generator_is_opened(settings, notes, opened):
    insisting = settings.model_copy(update={"generator": GeneratorSettings(backend="openai")})
    pipeline = opened(insisting, generate=False, warm=False)
    assert sources(pipeline, QUESTION) == ["gates.md"]
    assert pipeline.engine is None
    with pytest.raises(NoModel):
        pipeline.ask(Question(QUESTION))


def test_warming_up_loads_the_encoder_and_nothing_else_does(settings, notes):
    live = LiveNotes(settings)
    assert live.retriever().encoder._backend is None
    live.warm()
    assert live.retriever().encoder._backend is not None


def test_settings_reach_the_retriever_and_the_queue(settings, notes, opened):
    changed = settings.model_copy(
        update={
            "retrieval": RetrievalSettings(k=1, passage_chars=300, candidates=17),
            "generator": GeneratorSettings(backend="extractive", queue_size=3, deadline_s=9.0),
        }
    )
    pipeline = opened(changed)
    retriever = LiveNotes(changed).retriever()
    assert (retriever.k, retriever.passage_chars, retriever.candidates) == (1, 300, 17)
    assert (pipeline.engine._queue_size, pipeline.engine._deadline_s) == (3, 9.0)


def test_nothing_was_ingested(settings):
    with pytest.raises(NoIndex, match="ask-notes ingest"):
        open_pipeline(settings)
    assert not settings.data_dir.exists()


def test_a_new_ingest_is_served_without_a_restart(settings, notes, opened):
    pipeline = opened(settings)
    assert sources(pipeline, "트랜스포머") == []
    notes(transformer="# 트랜스포머\n\n트랜스포머는 어텐션을 쌓는다.\n")
    assert sources(pipeline, "트랜스포머") == ["transformer.md"]
    assert pipeline.readiness().generation == "gen-000002"


def test_the_old_generation_is_let_go_when_its_last_question_ends(settings, notes, opened):
    pipeline = opened(settings)
    held = pipeline._notes.retriever()
    for number in range(3):
        notes(extra=f"# 덤\n\n덤 {number}이다.\n")
        pipeline.search(QUESTION)
    first = settings.data_dir / "index" / "gen-000001"
    Generations(settings.data_dir).collect()
    assert first.exists()
    assert held.retrieve(QUESTION)[0].source == "gates.md"
    del held
    Generations(settings.data_dir).collect()
    assert not first.exists()


def test_a_question_keeps_the_generation_it_began_with(settings, notes, opened):
    pipeline = opened(settings)
    events = pipeline.stream(Question(QUESTION))
    next(events)
    notes(gates="# 게이트\n\n이제 다른 말이 여기에 있다.\n")
    assert pipeline.search("다른 말").generation == "gen-000002"
    answer = list(events)[-1].answer
    assert (answer.generation, answer.citations[0].quote) == ("gen-000001", "게이트는 값을 정한다.")


def test_a_damaged_newer_generation_is_passed_over(settings, notes, opened):
    pipeline = opened(settings)
    notes(extra="# 덤\n\n덤이다.\n")
    (settings.data_dir / "index" / "gen-000002" / "notes.sqlite").write_bytes(b"cut")
    assert sources(pipeline, QUESTION) == ["gates.md"]
    readiness = pipeline.readiness()
    assert readiness.generation == "gen-000001"
    assert any("gen-000002" in reason for reason in readiness.fallbacks)
    # A new start finds the same, and the next ingest makes it good.
    assert opened(settings).readiness().generation == "gen-000001"
    notes()
    assert sources(pipeline, "덤") == ["extra.md"]
    assert pipeline.readiness().fallbacks == ()


def test_a_generation_that_cannot_be_opened_leaves_the_old_one_serving(settings, notes, opened):
    """All on disk is damaged: what is open goes on."""
    pipeline = opened(settings)
    notes(extra="# 덤\n\n덤이다.\n")
    for name in ("gen-000001", "gen-000002"):
        (settings.data_dir / "index" / name / MANIFEST).write_text("{")
    assert sources(pipeline, QUESTION) == ["gates.md"]
    assert any("cannot be used" in reason for reason in pipeline.readiness().fallbacks)
    with pytest.raises(DamagedIndex, match="ask-notes ingest"):
        opened(settings)


def test_nonsense_of_the_right_size_is_passed_over_too(settings, notes, opened):
    pipeline = opened(settings)
    notes(extra="# 덤\n\n덤이다.\n")
    file = settings.data_dir / "index" / "gen-000002" / "notes.sqlite"
    file.write_bytes(b"\0" * file.stat().st_size)
    assert sources(pipeline, QUESTION) == ["gates.md"]
    assert any("gen-000002" in reason for reason in pipeline.readiness().fallbacks)


def test_what_the_ingest_fell_back_to_is_still_said(settings, tmp_path, monkeypatch, opened):
    monkeypatch.setattr(models, "hub_reachable", lambda: False)
    plain = Settings(data_dir=settings.data_dir, encoder=EncoderSettings(dtype="float32"))
    build(plain, IngestRequest(paths=[write_notes(tmp_path / "notes", {"a.md": "# Gate\n\nthe gate decides.\n"})]))
    readiness = opened(plain).readiness()
    assert readiness.embedder == models.EMBEDDED_ENCODER
    assert readiness.generator == "extractive"
    said = " ".join(readiness.fallbacks)
    assert "intfloat/e5-small-v2" in said and "Qwen/Qwen3-0.6B" in said
    assert len(readiness.fallbacks) == len(set(readiness.fallbacks)) == 2


def test_another_encoder_in_the_settings_is_refused(settings, notes, tmp_path):
    other = save_tiny_encoder(tmp_path / "models" / "e5-other", seed=1)
    changed = settings.model_copy(update={"encoder": EncoderSettings(path=other)})
    with pytest.raises(EncoderMismatch, match="re-embed"):
        open_pipeline(changed)


def test_an_encoder_out_of_reach_leaves_the_words(settings, notes, opened, monkeypatch):
    monkeypatch.setattr(models, "hub_reachable", lambda: False)
    without = Settings(data_dir=settings.data_dir, generator=settings.generator)
    pipeline = opened(without)
    assert sources(pipeline, QUESTION) == ["gates.md"]
    assert any("e5-tiny" in reason and "by words only" in reason for reason in pipeline.readiness().fallbacks)
    with pytest.raises((NoModel, EncoderMismatch)):
        open_pipeline(without.model_copy(update={"models": "hub"}))


def test_an_index_of_words_only(settings, tmp_path, opened, monkeypatch):
    monkeypatch.setattr(models, "embedded_files", lambda: None)
    plain = Settings(data_dir=settings.data_dir, models="embedded")
    folder = write_notes(tmp_path / "notes", {"a.md": "# 게이트\n\n게이트는 값을 정한다.\n"})
    build(plain, IngestRequest(paths=[folder]))
    pipeline = opened(plain)
    assert sources(pipeline, QUESTION) == ["a.md"]
    readiness = pipeline.readiness()
    assert (readiness.ready, readiness.embedder) == (True, None)
    assert any("by words only" in reason for reason in readiness.fallbacks)


def test_an_older_format_is_refused_with_what_to_do(settings, notes):
    file = settings.data_dir / "index" / "gen-000001" / MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 0}))
    with pytest.raises(DamagedIndex, match=r"format 0.*ask-notes ingest"):
        open_pipeline(settings)


@pytest.mark.parametrize(
    ("generator", "name", "fallbacks"),
    [
        (GeneratorSettings(backend="extractive"), "extractive", 0),
        (GeneratorSettings(), "extractive", 1),
        (GeneratorSettings(base_url="http://127.0.0.1:1/v1", id="some-model"), "some-model", 0),
        (GeneratorSettings(backend="openai", base_url="http://127.0.0.1:1/v1", id="other"), "other", 0),
    ],
)
def test_generators(monkeypatch, generator, name, fallbacks):
    monkeypatch.setattr(models, "hub_reachable", lambda: False)
    found = open_generator(Settings(generator=generator))
    assert (found.name, len(found.fallbacks)) == (name, fallbacks)
    assert found.count_tokens("some words") >= 0


def test_a_local_model_says_what_computes_it_and_how_long_a_prompt_may_be(
    settings, notes, opened, tiny_qwen_folder, tiny_ir_folder
):
    for path, backend in ((tiny_ir_folder, "openvino"), (tiny_qwen_folder, "torch")):
        wanted = GeneratorSettings(path=path, dtype="float32", max_new_tokens=8, parallel=2)
        pipeline = opened(settings.model_copy(update={"generator": wanted}))
        readiness = pipeline.readiness()
        assert (readiness.generator, readiness.generator_backend) == (path.name, backend)
        answer = pipeline.ask(Question(QUESTION))
        assert answer.generator == path.name and answer.usage.prompt_tokens > 0
        assert pipeline._writer.affordable([HumanMessage("x")], 1.0) > 0
        assert pipeline.engine._parallel == 2


def test_time_cuts_the_prompt_and_none_does_not(settings, notes, opened, tiny_qwen_folder):
    notes(long="# 게이트\n\n" + "".join(f"게이트 {n}은 값을 정한다. " for n in range(60)))
    asked = {}
    for budget in (0.0, 1e-6, 1e6):
        wanted = GeneratorSettings(
            path=tiny_qwen_folder, dtype="float32", max_new_tokens=1, first_token_budget_s=budget, backend="torch"
        )
        pipeline = opened(settings.model_copy(update={"generator": wanted}))
        asked[budget] = pipeline.ask(Question("게이트 30은 무엇을 정하나?")).usage.prompt_tokens
    assert asked[1e-6] < asked[0.0] == asked[1e6]


def test_generators_that_cannot_be(monkeypatch):
    monkeypatch.setattr(models, "hub_reachable", lambda: False)
    with pytest.raises(BadConfiguration, match=r"generator\.base_url"):
        open_generator(Settings(generator=GeneratorSettings(backend="openai")))
    with pytest.raises(NoModel, match=r"Qwen/Qwen3-0\.6B"):
        open_generator(Settings(generator=GeneratorSettings(backend="torch")))
    with pytest.raises(NoModel, match="never falls back"):
        open_generator(Settings(models="hub"))


def test_threads_that_ask_while_notes_change(settings, notes, opened):
    pipeline = opened(settings)
    stop, failures = threading.Event(), []

    def ask():
        while not stop.is_set():
            found = sources(pipeline, QUESTION)
            if found[:1] != ["gates.md"]:
                failures.append(found)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(3):
        notes(extra=f"# 덤\n\n덤 {number}이다.\n")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert pipeline.readiness().generation == "gen-000004"


def test_an_index_of_another_version_says_so(course, monkeypatch):
    assert not any("another version" in why for why in wiring.LiveNotes(course).fallbacks())
    monkeypatch.setattr(wiring, "LEXICAL_VERSION", -1)
    assert any("another version" in why for why in wiring.LiveNotes(course).fallbacks())


@pytest.mark.parametrize("backend", ["extractive", "auto"])
def test_without_a_model_nobody_can_be_cross_checked_and_that_is_said_once(settings, notes, opened, backend):
    generator = GeneratorSettings(backend=backend)
    plain = settings.model_copy(update={"generator": generator})
    asking = plain.model_copy(update={"cross_check": True})
    expected = opened(plain)
    pipeline = opened(asking)
    (why,) = [why for why in pipeline.readiness().fallbacks if why not in expected.readiness().fallbacks]
    assert "cross_check" in why
    assert "words alone" in why
    answer, without = pipeline.ask(Question(QUESTION)), expected.ask(Question(QUESTION))
    assert (answer.text, answer.sentences, answer.citations) == (without.text, without.sentences, without.citations)
    assert pipeline.readiness().fallbacks.count(why) == 1


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_a_local_model_says_how_sure_it_is_of_a_supported_sentence(
    settings, notes, opened, request, backend, monkeypatch
):
    folder = request.getfixturevalue("tiny_qwen_folder" if backend == "torch" else "tiny_ir_folder")
    generator = GeneratorSettings(backend=backend, path=folder, dtype="float32", temperature=0.0)
    pipeline = opened(settings.model_copy(update={"generator": generator, "cross_check": True}))
    model = pipeline.engine.generator
    # Random weights write no sentence that a note says; what it is asked afterwards is its own to say.
    stream = type(model)._stream

    def say(self, messages, *args, **kwargs):
        if "among" in kwargs:
            yield from stream(self, messages, *args, **kwargs)
        else:
            yield ChatGenerationChunk(message=AIMessageChunk(content="지울 것은 망각 게이트가 정해 준다. [1]"))

    monkeypatch.setattr(type(model), "_stream", say)
    answer = pipeline.ask(Question(QUESTION))
    (sentence,) = answer.sentences
    assert 0 < sentence.model_yes < 1
    holds = together(sentence.odds, sentence.model_yes) >= 0.5
    assert sentence.support == ("supported" if holds else "partly")
    assert answer.citations[0].support == sentence.support
