import numpy as np
import pytest

from rag.retrieval.index import IndexedSection
from rag.retrieval.kin import Kin
from rag.retrieval.lexical import LexicalIndex, query_terms, terms
from rag.retrieval.rerank import FEATURES, KOREAN, WEIGHTS, WINDOW_CHARS, Proposal, features, score
from rag.text import morphemes

SECTIONS = [
    ("문자", ["세종대왕은 1443년에 한글을 창제했다.", "한글은 1446년에 반포되었다."]),
    ("신경망", ["LSTM은 게이트로 기울기 소실을 줄인다."]),
    ("한글", ["글자의 모양은 발음 기관을 본떴다.", "자음은 다섯 개의 기본자에서 나왔다.", "모음은 셋이다."]),
]


@pytest.fixture(scope="module")
def lexical():
    def read(text):
        return terms(morphemes(text), text)

    sections = [read(" ".join([heading, *chunks])) for heading, chunks in SECTIONS]
    chunks = [read(chunk) for _, chunks in SECTIONS for chunk in chunks]
    section_of = [number for number, (_, chunks) in enumerate(SECTIONS) for _ in chunks]
    return LexicalIndex.build(sections, chunks, section_of)


@pytest.fixture(scope="module")
def proposals(lexical):
    """Every section, as the first stage proposes it for a question."""

    def make(question):
        found, first = [], 0
        scores = lexical.scores(query_terms(question))
        for number, (heading, chunks) in enumerate(SECTIONS):
            last = first + len(chunks) - 1
            held = IndexedSection(heading, " ".join(chunks), first, last)
            own = scores.own[first : last + 1]
            best = float(scores.total[first : last + 1].max())
            found.append(Proposal(number, held, best, float(scores.sections[number]), float(np.sort(own)[-3:].sum())))
            first = last + 1
        return found

    return make


@pytest.fixture(scope="module")
def look(lexical, proposals):
    """Features by name for a question, one column a section."""

    def at(question):
        table = features(question, query_terms(question), lexical, proposals(question))
        assert table.dtype == np.float32
        assert table.shape == (len(SECTIONS), len(FEATURES))
        assert np.isfinite(table).all()
        return dict(zip(FEATURES, table.T, strict=True))

    return at


QUESTIONS = ["한글은 언제 창제되었나?", "LSTM의 게이트는 왜?", "자음은 몇 개인가?", "양자역학", "?", "😀", "한", "the"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_shares_are_shares(look, question):
    found = look(question)
    for name in FEATURES:
        if name not in ("section", "chunks", "length"):
            assert (found[name] >= 0).all() and (found[name] <= 1 + 1e-5).all(), name


def test_what_a_section_covers_is_the_rarity_of_the_words_it_holds(look, lexical):
    question = "한글은 언제 창제되었나?"
    unique = sorted(set(query_terms(question)))
    rarity = lexical.sections.idf(unique)
    for number in range(len(SECTIONS)):
        held = lexical.sections.holds(unique, np.array([number]))[:, 0]
        assert look(question)["covered"][number] == pytest.approx(rarity[held].sum() / rarity.sum(), abs=1e-5)


def test_chunks_cover_no_more_than_pairs_and_pairs_no_more_than_the_section(look):
    for question in QUESTIONS:
        found = look(question)
        assert (found["chunk_covered"] <= found["pair_covered"] + 1e-6).all()
        assert (found["pair_covered"] <= found["covered"] + 1e-6).all()


def test_the_heading_counts(look):
    found = look("한글의 글자")
    assert found["asked_in_heading"].argmax() == 2
    assert found["heading_in_asked"][2] == pytest.approx(1.0)
    assert found["heading_in_asked"][1] == 0


def test_a_number_is_looked_for_where_one_is_asked_for(look):
    assert look("한글은 언제 창제되었나?")["number"].tolist() == [1.0, 0.0, 0.0]
    assert look("한글은 왜 창제되었나?")["number"].tolist() == [0.0, 0.0, 0.0]


def test_words_that_stand_together_count_more(lexical):
    wanted = "세종대왕 한글"
    near = "세종대왕은 한글을 창제했다."
    far = "세종대왕은 왕이다. " + "다른 말이다. " * WINDOW_CHARS + " 한글은 글자다."
    held = [Proposal(0, IndexedSection("", text, 0, 1), 1.0, 1.0, 1.0) for text in (near, far)]
    table = features(wanted, query_terms(wanted), lexical, held)
    window, named = FEATURES.index("window"), FEATURES.index("named")
    assert table[0, window] == pytest.approx(1.0)
    assert table[1, window] < 1
    assert table[:, named] == pytest.approx([1.0, 1.0])


def test_nothing_proposed(lexical):
    assert features("한글", ["m:한글"], lexical, []).shape == (0, len(FEATURES))


def test_the_score_is_a_weighted_sum():
    table = np.random.default_rng(0).normal(size=(4, len(FEATURES))).astype(np.float32)
    assert len(WEIGHTS) == len(FEATURES)
    np.testing.assert_allclose(score(table), (table * WEIGHTS).sum(1), rtol=1e-4)
    only = np.eye(len(FEATURES), dtype=np.float32)[2]
    np.testing.assert_array_equal(score(table, only), table[:, 2])


def test_the_section_that_answers_wins(lexical, proposals):
    answered = {"한글은 언제 창제되었나?": 0, "기울기 소실을 줄이는 것은?": 1, "자음은 어디에서 나왔나?": 2}
    for question, section in answered.items():
        table = features(question, query_terms(question), lexical, proposals(question))
        assert int(score(table).argmax()) == section


def test_a_question_without_korean_is_looked_at_as_if_there_was_none(lexical, proposals):
    table = features("LSTM gate", query_terms("LSTM gate"), lexical, proposals("LSTM gate"))
    assert not table[:, KOREAN:].any()


def test_words_of_like_meaning_stand_for_those_that_are_missing(lexical, proposals):
    question = "문자의 생김새"
    kin = Kin.build([morphemes(chunk) for _, chunks in SECTIONS for chunk in chunks])
    alone = features(question, query_terms(question), lexical, proposals(question))
    helped = features(question, query_terms(question), lexical, proposals(question), kin)
    np.testing.assert_array_equal(alone[:, :KOREAN], helped[:, :KOREAN])
    assert (helped[:, KOREAN:] >= alone[:, KOREAN:] - 1e-6).all()
    # "글자의 모양은": both words in others, in one chunk of the third section.
    one = FEATURES.index("said_by_one")
    assert helped[:, one].argmax() == 2
    assert helped[2, one] > alone[2, one] + 0.1


def test_more_is_said_by_more(look):
    for question in QUESTIONS:
        found = look(question)
        for name in ("said", "headed"):
            assert (found[f"{name}_by_one"] <= found[f"{name}_by_two"] + 1e-6).all()
            assert (found[f"{name}_by_two"] <= found[name] + 1e-6).all()
        for name in ("said", "said_by_one", "said_by_two"):
            assert (found[name] <= found[name.replace("said", "headed")] + 1e-6).all()


def test_what_the_heading_says_is_said_by_every_chunk(look):
    """Only the heading of the first section names 문자; its first chunk names the king."""
    found = look("세종대왕의 문자")
    assert found["said"][0] < 0.99
    assert found["headed_by_one"][0] == pytest.approx(1, abs=1e-5)


def test_neighbours_are_of_one_section(lexical):
    """The last chunk of a section and the first of the next hold the words together, but no section does."""
    question = "반포 게이트"
    held = [Proposal(0, IndexedSection("", "", 0, 1), 1, 1, 1), Proposal(1, IndexedSection("", "", 2, 2), 1, 1, 1)]
    table = features(question, query_terms(question), lexical, held)
    assert (table[:, FEATURES.index("said_by_two")] < 0.99).all()
    assert (table[:, FEATURES.index("said_by_two")] > 0.01).all()
