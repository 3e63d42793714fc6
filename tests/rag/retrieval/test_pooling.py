import json

import numpy as np
import pytest

from rag.errors import BadConfiguration
from rag.retrieval.pooling import require_mean, unit_means

TRANSFORMER = {"type": "sentence_transformers.models.Transformer", "path": ""}
POOLING = {"type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling", "path": "1_Pooling"}
NORMALIZE = {"type": "sentence_transformers.models.Normalize", "path": "2_Normalize"}


def folder(tmp_path, config, *modules):
    (tmp_path / "modules.json").write_text(json.dumps([TRANSFORMER, POOLING, *modules]))
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(config))
    return tmp_path


@pytest.mark.parametrize(
    "config",
    [
        {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False, "include_prompt": True},
        {"pooling_mode": "mean"},
        {"pooling_mode": ["mean"]},
        {"word_embedding_dimension": 384},
    ],
)
def test_the_mean_in_each_of_its_spellings(tmp_path, config):
    require_mean(folder(tmp_path, config, NORMALIZE), "e5")


def test_a_plain_transformers_folder_is_pooled_by_the_mean(tmp_path):
    require_mean(tmp_path, "e5")


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"pooling_mode_cls_token": True}, "cls_token"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}, "mean, max"),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, "mean_sqrt_len"),
        ({"pooling_mode": "lasttoken"}, "lasttoken"),
        ({"pooling_mode": ["mean", "cls"]}, "mean, cls"),
    ],
)
def test_another_pooling_is_named(tmp_path, config, named):
    with pytest.raises(BadConfiguration, match=f"some/model pools by {named}.*mean pooling"):
        require_mean(folder(tmp_path, config), "some/model")


def test_a_layer_behind_the_pooling_is_refused(tmp_path):
    dense = {"type": "sentence_transformers.models.Dense", "path": "2_Dense"}
    with pytest.raises(BadConfiguration, match="some/model has a Dense module"):
        require_mean(folder(tmp_path, {"pooling_mode": "mean"}, dense), "some/model")


def test_padding_has_no_part_in_the_mean():
    random = np.random.default_rng(0)
    hidden = random.normal(size=(3, 5, 4)).astype(np.float32)
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]])
    found = unit_means(hidden, mask)
    assert found.dtype == np.float32
    for row, length in enumerate((5, 2, 1)):
        mean = hidden[row, :length].astype(np.float64).mean(0)
        np.testing.assert_allclose(found[row], mean / np.linalg.norm(mean), atol=1e-6)
    hidden[1, 2:] = 1e6
    np.testing.assert_allclose(unit_means(hidden, mask)[1], found[1], atol=1e-6)
