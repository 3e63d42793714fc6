import numpy as np
import pytest

from ingest.calibrate import _weigh
from tests.helpers import write_notes

WORDS = "gate cell state token vector softmax mask head layer loss".split()


def note(number):
    random = np.random.default_rng(number)
    lines = [" ".join(random.choice(WORDS, 9)) + f" number {number} {line}." for line in range(8)]
    return f"# Note {number}\n\n" + " ".join(lines) + "\n"


@pytest.fixture
def index(settings, ingest, opened, tmp_path):
    # What a random encoder "reads" does not matter here, only that every chunk can be probed.
    folder = write_notes(tmp_path / "notes", {f"{number}.md": note(number) for number in range(40)})
    ingest(settings, folder)
    return opened(settings)


def test_the_manifest_says_what_was_found(index):
    fusion = index.manifest.fusion
    assert fusion is not None
    for found in fusion.values():
        assert 30 <= found.probes <= 200
        assert 0 < found.words <= 1 and 0 < found.meaning <= 1
        assert 0 <= found.weight <= 1


@pytest.mark.parametrize(
    ("words", "meaning", "weight"), [(1, 1, 1), (1, 2, 1), (1, 4, 0.5), (1, 200, 0.01), (4, 1, 1), (2, 8, 0.5)]
)
def test_half_as_good_as_words_is_trusted_fully(words, meaning, weight):
    ranks = np.tile(np.array([words, meaning], dtype=np.int64), (50, 1))
    found = _weigh(ranks, 0.2)
    assert found.weight == pytest.approx(weight)
    assert (found.probes, found.background) == (50, 0.2)


def test_few_chunks_are_not_measured(settings, ingest, opened, tmp_path):
    ingest(settings, write_notes(tmp_path / "few", {"1.md": note(1)}))
    assert opened(settings).manifest.fusion == {}
