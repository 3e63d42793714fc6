import logging
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.encoders import find_encoder
from rag.errors import BadConfiguration, NoModel
from rag.retrieval.embedding import E5Embeddings
from rag.retrieval.exported import find_copy, key_of
from rag.retrieval.openvino_encoder import OpenVINOEncoder, runs_on_openvino
from rag.retrieval.torch_encoder import TorchEncoder
from rag.settings import EncoderSettings, Settings
from tests.helpers import save_tiny_encoder

pytest.importorskip("openvino")
TEXTS = ["the gate of the weight", "kitten", "softmax of the query and the value of the attention " * 6, "게이트"]


@pytest.fixture(scope="module")
def files(e5_tiny):
    return find_encoder(Settings(encoder=EncoderSettings(path=e5_tiny))).encoder


@pytest.fixture(scope="module")
def copies(files, tmp_path_factory):
    """A folder that holds the tiny encoder's copy."""
    root = tmp_path_factory.mktemp("copies")
    assert E5Embeddings(files, backend="openvino", copies=root).prepare()
    return root


@pytest.fixture(scope="module")
def exact(files):
    """What torch computes in float32."""
    return E5Embeddings(files, dtype="float32").passages(TEXTS)


def on_openvino(files, root, **options):
    return E5Embeddings(files, backend="openvino", copies=root, **({"dtype": "float32"} | options))


def test_without_a_copy_torch_computes_and_says_so_once(files, exact, tmp_path, caplog):
    embeddings = on_openvino(files, tmp_path / "none")
    assert not embeddings.quick
    (before,) = embeddings.fallbacks
    with caplog.at_level(logging.INFO, "rag.retrieval.embedding"):
        np.testing.assert_allclose(embeddings.passages(TEXTS), exact, atol=1e-5)
        embeddings.queries(TEXTS)
    assert isinstance(embeddings._backend, TorchEncoder)
    assert embeddings.fallbacks == (before,)
    assert "e5-tiny runs on torch" in before and "ask-notes ingest" in before
    assert caplog.text.count("runs on torch") == 1
    assert not (tmp_path / "none").exists()


def test_a_copy_is_made_once_and_then_used(files, exact, copies):
    embeddings = on_openvino(files, copies)
    assert embeddings.quick
    assert embeddings.prepare() is False
    np.testing.assert_allclose(embeddings.passages(TEXTS), exact, atol=1e-5)
    assert isinstance(embeddings._backend, OpenVINOEncoder)
    assert embeddings.fallbacks == ()


def test_a_damaged_copy_is_not_read_but_made_anew(files, exact, tmp_path):
    assert on_openvino(files, tmp_path).prepare()
    weights = tmp_path / key_of(files.files.path) / "model.bin"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 0xFF
    weights.write_bytes(content)

    embeddings = on_openvino(files, tmp_path)
    np.testing.assert_allclose(embeddings.passages(TEXTS), exact, atol=1e-5)
    assert isinstance(embeddings._backend, TorchEncoder)
    assert on_openvino(files, tmp_path).prepare()
    mended = on_openvino(files, tmp_path)
    np.testing.assert_allclose(mended.passages(TEXTS), exact, atol=1e-5)
    assert isinstance(mended._backend, OpenVINOEncoder)


def test_where_no_copy_can_be_kept_torch_computes(files, exact, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    embeddings = on_openvino(files, tmp_path / "file")
    with caplog.at_level(logging.INFO, "rag.retrieval.embedding"):
        assert embeddings.prepare() is False
    np.testing.assert_allclose(embeddings.passages(TEXTS), exact, atol=1e-5)
    (why,) = embeddings.fallbacks
    assert "e5-tiny runs on torch" in why and "could not take it over" in why
    assert caplog.text.count("runs on torch") == 1


def test_other_weights_have_another_copy(copies, tmp_path):
    folder = save_tiny_encoder(tmp_path / "e5-other", seed=1)
    other = find_encoder(Settings(encoder=EncoderSettings(path=folder))).encoder
    assert on_openvino(other, copies).prepare()
    np.testing.assert_allclose(
        on_openvino(other, copies).passages(TEXTS), E5Embeddings(other, dtype="float32").passages(TEXTS), atol=1e-5
    )


def test_every_length_up_to_the_window(files, copies):
    words = ["gate", "value", "kitten"]
    texts = [" ".join(words[(n * m) % 3] for m in range(n)) for n in range(0, 120, 7)]
    theirs = E5Embeddings(files, dtype="float32").passages(texts)
    np.testing.assert_allclose(on_openvino(files, copies, batch_tokens=200).passages(texts), theirs, atol=1e-5)
    for number in (0, 1, len(texts) - 1):
        alone = on_openvino(files, copies).passages([texts[number]])
        np.testing.assert_allclose(alone[0], theirs[number], atol=1e-5)


def test_many_threads_get_their_own_vectors(files, copies):
    embeddings = on_openvino(files, copies)
    texts = [f"gate {'value ' * number}" for number in range(12)]
    alone = [embeddings.passages([text])[0] for text in texts]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda text: embeddings.passages([text])[0], texts * 4))
        streams = list(pool.map(lambda _: embeddings.passages(texts * 9), range(4)))
    np.testing.assert_allclose(together, alone * 4, atol=1e-6)
    for rows in streams:
        np.testing.assert_allclose(rows, alone * 9, atol=1e-5)


def test_int8_is_near_and_not_the_same(minilm, minilm_float32, tmp_path):
    on_openvino(minilm, tmp_path).prepare()
    rough = on_openvino(minilm, tmp_path, dtype="int8").passages(TEXTS)
    cosines = (rough * minilm_float32.passages(TEXTS)).sum(1)
    assert 0.99 < cosines.min() < 0.99999
    np.testing.assert_allclose(np.linalg.norm(rough, axis=1), 1, atol=1e-5)


def test_int8_never_falls_back_to_other_numbers(files, tmp_path):
    embeddings = on_openvino(files, tmp_path / "none", dtype="int8")
    with pytest.raises(NoModel, match=r"int8.*encoder\.dtype = auto"):
        embeddings.passages(TEXTS)
    with pytest.raises(BadConfiguration, match=r"int8 needs OpenVINO"):
        E5Embeddings(files, backend="torch", dtype="int8")


@pytest.mark.parametrize("missing", ["openvino", "onnx"])
def test_a_missing_package_is_named_where_it_is_asked_for(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(BadConfiguration, match=f"{missing} is not installed.*pip install"):
        runs_on_openvino("openvino", "auto")
    assert runs_on_openvino("auto", "auto") is False
    assert runs_on_openvino("torch", "auto") is False
    with pytest.raises(BadConfiguration, match="int8 needs OpenVINO"):
        runs_on_openvino("auto", "int8")


def test_a_copy_lies_under_its_key_only(files, copies):
    key = key_of(files.files.path)
    assert find_copy(copies, key) is not None
    assert find_copy(copies, key[::-1]) is None
