import numpy as np
import pytest

from ingest.vectors import background


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
