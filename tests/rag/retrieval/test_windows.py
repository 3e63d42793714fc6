import numpy as np
import pytest

from rag.retrieval.windows import Windows, cut


def unit(*rows):
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def windows():
    # Chunk 0 has two windows, chunk 1 none, chunk 2 one.
    vectors = unit([1, 0, 0], [0, 1, 0], [1, 1, 0]).astype(np.float16)
    return Windows(vectors, np.array([0, 2, 2, 3], dtype=np.int64))


def test_two_sentences_at_a_time():
    assert cut("One is. Two is. Three is. Four is. Five is.") == ["One is. Two is.", "Three is. Four is.", "Five is."]


@pytest.mark.parametrize("text", ["", "One is.", "One is. Two is."])
def test_a_chunk_that_is_one_window_has_none_of_its_own(text):
    assert cut(text) == []


def test_every_word_of_a_chunk_is_in_one_window():
    text = "첫째 문장이다. 둘째 문장이다.\n\n- 셋째\n- 넷째\n\nThe fifth one. 끝."
    assert " ".join(" ".join(cut(text)).split()) == " ".join(text.split())


def test_the_closest_window_counts(windows):
    found = windows.closest(np.array([0, 1, 0], dtype=np.float32), np.array([2, 0, 1]))
    assert found[:2] == pytest.approx([2**-0.5, 1], abs=1e-3)
    assert np.isnan(found[2])


def test_no_rows_and_rows_without_windows(windows):
    vector = np.array([1, 0, 0], dtype=np.float32)
    assert windows.closest(vector, np.zeros(0, np.int64)).shape == (0,)
    assert np.isnan(windows.closest(vector, np.array([1]))).all()


def test_written_and_mapped(windows, tmp_path):
    assert Windows.open(tmp_path) is None
    windows.write(tmp_path)
    again = Windows.open(tmp_path)
    vector = np.array([0.6, 0.8, 0], dtype=np.float32)
    rows = np.arange(3)
    np.testing.assert_array_equal(again.closest(vector, rows), windows.closest(vector, rows))
    assert [len(again.of(row)) for row in range(3)] == [2, 0, 1]
