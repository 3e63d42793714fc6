import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from rag.errors import (
    Cancelled,
    DeadlineExceeded,
    EmptyQuestion,
    GenerationFailed,
    NoModel,
    QuestionTooLong,
    QueueFull,
    ShuttingDown,
    UnknownDocument,
)
from rag.generation.engine import Engine
from rag.generation.extractive import ExtractiveAnswerer
from rag.pipeline import Pipeline, Writer
from rag.settings import GeneratorSettings, RetrievalSettings, Settings
from rag.types import AnswerDone, CitationFound, PassagesFound, Question, Scope, TokenWritten, Turn, Usage
from tests.helpers import NOTES
from tests.rag.generation.scripted import ScriptedModel

GATES = "망각 게이트는 셀 상태에서 무엇을 정하나?"
SAID = ("망각 게이트는 ", "셀 상태에서 ", "무엇을 지울지 ", "정한다 [1].")
UNKNOWN = "양자역학에서 슈뢰딩거 방정식은 무엇을 나타내는가?"


class Notes:
    """The notes as they stand, for a test: one retriever and what fell back."""

    def __init__(self, retriever, fallbacks=()):
        self._retriever, self._fallbacks = retriever, fallbacks

    def retriever(self):
        return self._retriever

    def fallbacks(self):
        return self._fallbacks


@pytest.fixture
def pipeline(course_retriever):
    """Pipelines over the course with a generator that says what it is told to; closed with the test."""
    opened = []

    def words(text):
        return len(text.split())

    def make(*pieces, model=None, queue_size=4, deadline_s=30.0, fallbacks=(), count_tokens=words, **changes):
        model = model or ScriptedModel(pieces=pieces or SAID)
        engine = Engine(model, queue_size=queue_size, deadline_s=deadline_s)
        writer = Writer("scripted", engine, count_tokens, fallbacks)
        opened.append(Pipeline(Settings(**changes), Notes(course_retriever, ("An encoder fell back.",)), writer))
        return opened[-1], model

    yield make
    for one in opened:
        one.close()


def run(pipeline, question, cancel=None):
    asked = question if isinstance(question, Question) else Question(question)
    return list(pipeline.stream(asked, cancel))


def test_events_come_in_order(pipeline):
    events = run(pipeline()[0], GATES)
    assert isinstance(events[0], PassagesFound)
    assert isinstance(events[-1], AnswerDone)
    kinds = {type(event) for event in events[1:-1]}
    assert kinds == {TokenWritten, CitationFound}
    answer = events[-1].answer
    assert "".join(event.text for event in events if isinstance(event, TokenWritten)) == answer.text
    assert tuple(event.citation for event in events if isinstance(event, CitationFound)) == answer.citations
    assert events[0].passages == answer.passages
    # A marker is announced before it is written.
    announced = next(place for place, event in enumerate(events) if isinstance(event, CitationFound))
    written = next(place for place, e in enumerate(events) if isinstance(e, TokenWritten) and "[1]" in e.text)
    assert announced < written


def test_the_answer(pipeline, course_index):
    answer = pipeline()[0].ask(Question(GATES))
    assert answer.text == "망각 게이트는 셀 상태에서 무엇을 지울지 정한다. [1]"
    assert (answer.abstained, answer.generator, answer.question) == (False, "scripted", GATES)
    assert answer.usage == Usage(7, 4)
    assert answer.generation == course_index.generation
    assert answer.embedder == course_index.manifest.encoder.id
    assert 0 <= answer.timings_ms.retrieve <= answer.timings_ms.first_token <= answer.timings_ms.total
    (citation,) = answer.citations
    document = course_index.document(citation.doc_id)
    assert document.text[citation.start : citation.end] == citation.quote
    assert (citation.source, citation.support) == ("week1/02-LSTM.md", "supported")
    assert "망각 게이트" in citation.quote
    (sentence,) = answer.sentences
    assert (sentence.start, sentence.end, sentence.markers) == (0, len(answer.text), (1,))


def test_passages_are_those_of_the_retriever(pipeline, course_retriever):
    made, _ = pipeline()
    assert made.ask(Question(GATES)).passages == tuple(course_retriever.retrieve(GATES, 5))
    assert made.ask(Question(GATES, k=1)).passages == tuple(course_retriever.retrieve(GATES, 1))
    scope = Scope(sources=("week1/02-LSTM.md",))
    assert {passage.source for passage in made.ask(Question(GATES, scope=scope)).passages} == {"week1/02-LSTM.md"}
    small, _ = pipeline(retrieval=RetrievalSettings(k=2))
    assert len(small.ask(Question(GATES)).passages) == 2
    assert len(small.search(GATES).passages) == 2


def test_a_prompt_holds_passages_and_question_as_records(pipeline):
    made, model = pipeline()
    made.ask(Question(GATES))
    (prompt,) = model.prompts
    assert GATES in prompt
    assert "망각 게이트는 셀 상태에서" in prompt


@pytest.mark.parametrize(
    ("question", "said"),
    [(UNKNOWN, "노트에는"), ("What did Napoleon say about quantum tunnelling?", "The notes don't say")],
)
def test_what_the_notes_do_not_say(pipeline, question, said):
    made, model = pipeline("이것은 지어낸 말이다.")
    events = run(made, question)
    answer = events[-1].answer
    assert answer.abstained
    assert answer.text.startswith(said)
    assert (answer.citations, answer.sentences, answer.usage) == ((), (), Usage())
    assert answer.timings_ms.first_token is None
    assert answer.generator == "scripted"
    assert [type(event) for event in events] == [PassagesFound, TokenWritten, AnswerDone]
    assert events[1].text == answer.text
    assert model.prompts == []


@pytest.mark.parametrize("said", ["노트에 답이 없습니다.", "노트에는 그 내용이 없습니다. [1]", "The notes don't say."])
def test_a_generator_that_refuses_has_abstained(pipeline, said):
    answer = pipeline(said)[0].ask(Question(GATES))
    assert answer.abstained
    assert (answer.citations, answer.sentences) == ((), ())
    assert answer.text.strip()


@pytest.mark.parametrize("pieces", [("",), ("  ", "\n"), ("[9]",), ("[1]",)])
def test_an_empty_answer_is_a_refusal(pipeline, pieces):
    events = run(pipeline(*pieces)[0], GATES)
    answer = events[-1].answer
    assert answer.abstained
    assert answer.text.startswith("노트에는")
    assert "".join(event.text for event in events if isinstance(event, TokenWritten)).strip() == answer.text
    assert answer.citations == ()


INVENTED = ("망각 게이트는 셀 상태에서 무엇을 지울지 정한다 [1]. ", "나폴레옹은 1815년에 워털루에서 졌다 [1].")


def test_what_is_not_supported_is_marked(pipeline):
    answer = pipeline(*INVENTED)[0].ask(Question(GATES))
    assert [sentence.support for sentence in answer.sentences] == ["supported", "unsupported"]
    assert "나폴레옹" in answer.text


def test_strict_grounding_withholds_what_is_not_supported(pipeline):
    made, _ = pipeline(*INVENTED, grounding="strict")
    events = run(made, GATES)
    answer = events[-1].answer
    assert not any("나폴레옹" in event.text for event in events if isinstance(event, TokenWritten))
    assert "지울지 정한다" in answer.text
    assert {sentence.support for sentence in answer.sentences} == {"supported"}
    assert not answer.abstained


def test_strict_grounding_with_nothing_left_is_a_refusal(pipeline):
    answer = pipeline(INVENTED[1], grounding="strict")[0].ask(Question(GATES))
    assert answer.abstained
    assert answer.text.startswith("노트에는")


def test_a_marker_that_names_no_passage_is_dropped(pipeline):
    answer = pipeline("망각 게이트는 셀 상태에서 무엇을 지울지 정한다 [99].")[0].ask(Question(GATES))
    assert "[99]" not in answer.text
    assert [citation.marker for citation in answer.citations] == [1]


def test_a_follow_up_is_looked_up_with_the_question_before(pipeline):
    made, model = pipeline()
    history = (Turn("user", GATES), Turn("assistant", "지울지 정합니다 [1]."))
    answer = made.ask(Question("그건 왜 그래?", history=history))
    assert answer.passages[0].source == "week1/02-LSTM.md"
    assert answer.question == "그건 왜 그래?"
    assert GATES in answer.query
    assert "그건 왜 그래?" in answer.query
    # The words that were looked up find the same again: what "How this was found" rests on.
    found = made.search(answer.query, explain=True)
    assert [one.chunk_id for one in found.explanations] == [one.chunk.chunk_id for one in answer.passages]
    assert "그건 왜 그래?" in model.prompts[0]
    assert made.ask(Question("그건 왜 그래?")).abstained


@pytest.mark.parametrize(("condense", "asked"), [(True, 2), (False, 1)])
def test_the_generator_writes_a_follow_up_out_where_that_is_wanted(pipeline, condense, asked):
    made, model = pipeline("망각 게이트는 무엇을 지울지 정하나?", retrieval=RetrievalSettings(condense=condense))
    history = (Turn("user", GATES), Turn("assistant", "지울지 정합니다."))
    answer = made.ask(Question("그건 왜 그래?", history=history))
    assert answer.passages[0].source == "week1/02-LSTM.md"
    assert len(model.prompts) == asked
    made.ask(Question(GATES, history=history))
    assert len(model.prompts) == asked + 1


def test_a_question_that_stands_alone_leaves_the_history_be(pipeline, course_retriever):
    made, _ = pipeline()
    history = (Turn("user", "고양이에게는 무엇을 먹이나요?"), Turn("assistant", "사료."))
    answer = made.ask(Question(GATES, history=history))
    assert answer.passages == tuple(course_retriever.retrieve(GATES, 5))


@pytest.mark.parametrize("text", ["", "  ", "?!", "😀", "\n"])
def test_an_empty_question(pipeline, text):
    made, model = pipeline()
    for ask in (lambda: made.ask(Question(text)), lambda: made.search(text)):
        with pytest.raises(EmptyQuestion, match="for example"):
            ask()
    assert model.prompts == []


def test_a_question_too_long(pipeline):
    made, _ = pipeline(max_question_chars=20)
    for ask in (lambda: made.ask(Question("가" * 21)), lambda: made.search("가" * 21)):
        with pytest.raises(QuestionTooLong, match="21 characters, at most 20"):
            ask()
    assert made.search("가" * 20).passages == ()


def test_the_form_of_unicode_does_not_matter(pipeline, course_retriever):
    made, _ = pipeline()
    decomposed = unicodedata.normalize("NFD", GATES)
    assert made.search(decomposed).passages == tuple(course_retriever.retrieve(GATES, 5))
    answer = made.ask(Question(decomposed))
    assert (answer.passages, answer.abstained) == (tuple(course_retriever.retrieve(GATES, 5)), False)


def test_sampling_options_are_those_of_the_settings(pipeline):
    chosen = GeneratorSettings(temperature=0.1, top_p=0.5, top_k=3, max_new_tokens=7, seed=11)
    made, model = pipeline(generator=chosen)
    made.ask(Question(GATES))
    (options,) = model.options
    assert {name: value for name, value in options.items() if value is not None and name != "ls_model_type"} == {
        "temperature": 0.1, "top_p": 0.5, "top_k": 3, "max_new_tokens": 7, "seed": 11,
    }  # fmt: skip


def test_a_small_prompt_takes_fewer_passages_and_the_answer_tells_all(pipeline, course_index):
    question = Question("Why does the softmax of the attention saturate without the square root?", k=10)
    held = {}
    for budget in (1000, 9000):
        made, model = pipeline(count_tokens=len, generator=GeneratorSettings(max_prompt_tokens=budget))
        answer = made.ask(question)
        assert len(model.prompts[0]) < budget
        held[budget] = sum(f"[{passage.rank}]" in model.prompts[0] for passage in answer.passages)
        for citation in answer.citations:
            document = course_index.document(citation.doc_id)
            assert document.text[citation.start : citation.end] == citation.quote
    assert 0 < held[1000] < held[9000] == len(answer.passages)


def test_cancelled_before_it_began(pipeline):
    made, model = pipeline()
    gone = threading.Event()
    gone.set()
    with pytest.raises(Cancelled):
        run(made, GATES, gone)
    assert model.prompts == []


def test_cancelled_in_the_middle(pipeline):
    model = ScriptedModel(pieces=("하나. ", "둘. ", "셋. "), gated=True)
    made, _ = pipeline(model=model)
    gone = threading.Event()
    events = made.stream(Question(GATES), gone)
    assert isinstance(next(events), PassagesFound)
    model.let()
    assert isinstance(next(events), TokenWritten)
    gone.set()
    with pytest.raises(Cancelled):
        list(events)
    model.let()
    assert model.wait_for("closed")
    assert model.count("written") < 3


def test_leaving_early_frees_the_generator(pipeline):
    model = ScriptedModel(pieces=("하나. ", "둘. ", "셋. "), gated=True)
    made, _ = pipeline(model=model)
    with closing(made.stream(Question(GATES))) as events:
        next(events)
        model.let()
        next(events)
    model.let()
    assert model.wait_for("closed")
    model.let(3)
    assert made.ask(Question(GATES)).text


def test_a_full_queue_is_said_before_anything_else(pipeline):
    model = ScriptedModel(gated=True)
    made, _ = pipeline(model=model, queue_size=1)
    streams = [made.stream(Question(GATES)) for _ in range(3)]
    assert isinstance(next(streams[0]), PassagesFound)
    assert model.wait_for("begun")
    assert isinstance(next(streams[1]), PassagesFound)
    with pytest.raises(QueueFull) as caught:
        next(streams[2])
    assert caught.value.retry_after_s > 0
    # What needs no generator is answered all the same.
    assert made.search(GATES).passages
    model.let(6)
    assert [isinstance(list(stream)[-1], AnswerDone) for stream in streams[:2]] == [True, True]


def test_what_the_notes_do_not_say_needs_no_place_in_the_queue(pipeline):
    model = ScriptedModel(gated=True)
    made, _ = pipeline(model=model, queue_size=1)
    waiting = [made.stream(Question(GATES)) for _ in range(2)]
    next(waiting[0])
    assert model.wait_for("begun")
    next(waiting[1])
    assert made.ask(Question(UNKNOWN)).abstained
    model.let(6)
    for stream in waiting:
        list(stream)


def test_a_generator_that_breaks(pipeline):
    made, _ = pipeline("하나. ", ValueError("no such token"), "둘.")
    events = made.stream(Question(GATES))
    seen = []
    with pytest.raises(GenerationFailed, match="no such token"):
        seen.extend(events)
    assert isinstance(seen[0], PassagesFound)
    with pytest.raises(GenerationFailed):
        made.ask(Question(GATES))


def test_an_answer_that_takes_too_long(pipeline):
    model = ScriptedModel(gated=True)
    made, _ = pipeline(model=model, deadline_s=0.05)
    with pytest.raises(DeadlineExceeded, match=r"0\.05 s"):
        made.ask(Question(GATES))
    model.let(3)


def test_after_closing_nothing_new_is_taken(pipeline):
    made, _ = pipeline()
    made.close()
    with pytest.raises(ShuttingDown):
        made.ask(Question(GATES))
    assert made.search(GATES).passages


def test_many_ask_at_once(pipeline):
    made, model = pipeline(queue_size=16)
    questions = [GATES, "BPE는 어떤 쌍을 합치나요?", "Why do we divide by the square root of the dimension?"] * 4
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda text: made.ask(Question(text)), questions))
    assert [answer.question for answer in answers] == questions
    assert [answer.passages for answer in answers[:3]] == [answer.passages for answer in answers[3:6]]
    assert len(model.prompts) == 12


def test_a_pipeline_for_searching_only(course_retriever, course_index):
    pipeline = Pipeline(Settings(), Notes(course_retriever), None)
    result = pipeline.search(GATES, 2)
    assert (result.query, len(result.passages), result.generation) == (GATES, 2, course_index.generation)
    assert result.embedder == course_index.manifest.encoder.id
    assert pipeline.engine is None
    with pytest.raises(NoModel, match="searching only"):
        pipeline.ask(Question(GATES))
    readiness = pipeline.readiness()
    assert (readiness.ready, readiness.generator, readiness.generation) == (False, None, course_index.generation)
    pipeline.close()


def test_search_within_a_scope(pipeline):
    made, _ = pipeline()
    found = made.search("gate attention 게이트", 10, Scope(sources=("week2/",)))
    assert {passage.source for passage in found.passages} <= {"week2/attention.md", "week2/felines.md"}


def test_documents(pipeline):
    made, _ = pipeline()
    summaries = made.documents()
    assert {summary.source for summary in summaries} == set(NOTES)
    document = made.document(summaries[0].doc_id)
    assert document.source == summaries[0].source
    with pytest.raises(UnknownDocument):
        made.document("nothing")


def test_readiness_tells_what_fell_back(pipeline, course_index):
    made, _ = pipeline(fallbacks=("A generator fell back.",))
    readiness = made.readiness()
    assert (readiness.ready, readiness.generator) == (True, "scripted")
    assert (readiness.embedder, readiness.generation) == (course_index.manifest.encoder.id, course_index.generation)
    assert readiness.fallbacks == ("An encoder fell back.", "A generator fell back.")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (GATES, "지울지 정한다"),
        ("Why do we divide by the square root of the dimension?", "softmax saturates"),
        ("재현율이란 무엇인가?", "비율이다"),
    ],
)
def test_the_embedded_answerer_quotes_the_notes(pipeline, course_index, question, words):
    made, _ = pipeline(model=ExtractiveAnswerer())
    answer = made.ask(Question(question))
    assert words in answer.text
    assert not answer.abstained
    assert answer.citations
    assert {sentence.support for sentence in answer.sentences} == {"supported"}
    for citation in answer.citations:
        document = course_index.document(citation.doc_id)
        assert document.text[citation.start : citation.end] == citation.quote
        assert len(citation.quote) >= 10


def test_a_loanword_is_asked_as_the_notes_spell_it(pipeline):
    opened, model = pipeline("Without dividing, the softmax saturates [1].")
    answer = opened.ask(Question("소프트맥스의 그래디언트는?"))
    assert answer.question == "소프트맥스의 그래디언트는?"
    assert answer.passages[0].source == "week2/attention.md"
    assert model.prompts[-1].rstrip().endswith("softmax의 gradient는?")
