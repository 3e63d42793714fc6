import numpy as np
import pytest

from ingest.vectors import background
from tests.helpers import write_notes


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_background_is_the_cosine_of_unrelated_chunks():
    vectors = unit(np.random.default_rng(0).normal(size=(50, 8)) + 1)
    cosines = (vectors @ vectors.T)[~np.eye(50, dtype=bool)]
    found = background(vectors)
    assert found.mean == pytest.approx(cosines.mean(), abs=0.03)
    assert found.deviation == pytest.approx(cosines.std(), abs=0.03)
    assert background(vectors) == found


def test_a_chunk_is_never_compared_with_itself():
    assert background(np.eye(2, dtype=np.float32)).mean == 0.0


@pytest.mark.parametrize("vectors", [None, np.zeros((0, 8), np.float32), np.ones((1, 1), np.float32)])
def test_without_pairs_there_is_no_background(vectors):
    found = background(vectors)
    assert (found.mean, found.deviation) == (0.0, 1.0)


def test_chunks_that_are_all_alike_still_have_a_spread():
    assert background(np.ones((5, 1), np.float32)).deviation > 0


def sentences(word, n):
    return " ".join(f"The {word} number {number} opens." for number in range(n))


def test_windows_of_what_did_not_change_are_taken_over(settings, ingest, opened, tmp_path):
    notes = {"1.md": f"# One\n\n{sentences('gate', 9)}\n", "2.md": f"# Two\n\n{sentences('cell', 5)}\n"}
    folder = write_notes(tmp_path / "notes", notes)
    _, stages = ingest(settings, folder)
    before = opened(settings)
    assert stages["embedding sentences"] == len(before.windows.vectors) > 0
    write_notes(folder, {"2.md": f"# Two\n\n{sentences('cell', 7)}\n"})
    _, stages = ingest(settings, folder)
    after = opened(settings)
    same = {chunk.chunk.chunk_id: chunk.row for chunk in before.stored_chunks()}
    kept = [(same[chunk.chunk.chunk_id], chunk.row) for chunk in after.stored_chunks() if chunk.chunk.chunk_id in same]
    made = [chunk.row for chunk in after.stored_chunks() if chunk.chunk.chunk_id not in same]
    assert stages["embedding sentences"] == sum(len(after.windows.of(row)) for row in made) > 0
    assert sum(len(after.windows.of(new)) for _, new in kept) > 0
    for old, new in kept:
        np.testing.assert_array_equal(before.windows.of(old), after.windows.of(new))
