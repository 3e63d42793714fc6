import logging
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from rag.encoders import find_encoder
from rag.errors import BadConfiguration, NoModel
from rag.hardware import cpu_computes_bfloat16
from rag.retrieval.embedding import E5Embeddings
from rag.settings import EncoderSettings, Settings
from tests.helpers import save_tiny_encoder

TEXTS = [
    "Attention computes a weighted sum of the values.",
    "토크나이저는 문장을 토큰으로 나눈다.",
    "gate",
    "",
    "  spaces   and\nlines\t",
    "The softmax saturates without scaling, so the gradient of the attention weights becomes tiny. " * 3,
    "가나다 ABC 123 😀 [UNK] [SEP]",
]


def reference(folder, texts):
    """Plain transformers: pad, forward, mean over the mask, unit length. float32 (n, dim)."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    read = tokenizer(list(texts), padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(input_ids=read["input_ids"], attention_mask=read["attention_mask"]).last_hidden_state
    mask = read["attention_mask"].unsqueeze(-1).float()
    mean = (hidden * mask).sum(1) / mask.sum(1)
    return (mean / mean.norm(dim=1, keepdim=True)).numpy()


@pytest.fixture(scope="module")
def tiny_files(e5_tiny):
    return find_encoder(Settings(encoder=EncoderSettings(path=e5_tiny))).encoder


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    return tmp_path_factory.mktemp("copies")


@pytest.fixture(scope="module", params=["torch", "openvino"])
def make(request, copies):
    """Encoders on one backend; every test below holds on each."""
    if request.param == "openvino":
        pytest.importorskip("openvino")

    def encoder(files, kind=E5Embeddings, **options):
        embeddings = kind(files, backend=request.param, copies=copies, **options)
        embeddings.prepare()
        return embeddings

    return encoder


@pytest.fixture(scope="module")
def tiny(make, tiny_files):
    return make(tiny_files, dtype="float32")


@pytest.fixture(scope="module")
def real(make, minilm):
    return make(minilm, dtype="float32")


def test_real_weights_in_float32_equal_plain_transformers(minilm, real):
    ours = real.passages(TEXTS)
    theirs = reference(minilm.files.path, TEXTS)
    assert ours.dtype == np.float32
    assert ours.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_real_weights_in_bfloat16_point_the_same_way(make, minilm, minilm_float32):
    texts = [text for text in TEXTS if text.strip()]
    half = make(minilm, dtype="bfloat16").passages(texts)
    cosines = (half * minilm_float32.passages(texts)).sum(1)
    assert cosines.min() >= 0.999


def test_tiny_weights_equal_plain_transformers_with_e5_prefixes(tiny, e5_tiny):
    np.testing.assert_allclose(
        tiny.passages(TEXTS[:4]), reference(e5_tiny, ["passage: " + text for text in TEXTS[:4]]), atol=1e-5
    )
    np.testing.assert_allclose(
        tiny.queries(TEXTS[:4]), reference(e5_tiny, ["query: " + text for text in TEXTS[:4]]), atol=1e-5
    )
    np.testing.assert_allclose(
        tiny.chunks(["A > B"], ["the gate"]), reference(e5_tiny, ["passage: A > B\nthe gate"]), atol=1e-5
    )


def test_the_embedded_encoder_takes_no_prefix(minilm_float32):
    assert (minilm_float32.tokenizer.query_prefix, minilm_float32.tokenizer.passage_prefix) == ("", "")
    np.testing.assert_allclose(minilm_float32.queries(["the gate"]), minilm_float32.passages(["the gate"]), atol=1e-6)


def test_prefixes_of_the_settings_win(e5_tiny):
    chosen = EncoderSettings(path=e5_tiny, query_prefix="", passage_prefix="search_document: ")
    encoder = find_encoder(Settings(encoder=chosen)).encoder
    assert (encoder.query_prefix, encoder.passage_prefix) == ("", "search_document: ")


def test_a_batch_equals_its_texts_one_by_one(real):
    together = real.passages(TEXTS)
    alone = np.concatenate([real.passages([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_padding_and_batch_size_change_nothing(make, tiny_files, tiny):
    texts = [*TEXTS[:3], *(["gate of the weight"] * 20)]
    small = make(tiny_files, dtype="float32", batch_tokens=64).passages(texts)
    np.testing.assert_allclose(small, tiny.passages(texts), atol=1e-5)
    np.testing.assert_allclose(small[::-1], tiny.passages(texts[::-1]), atol=1e-5)


def test_rows_have_unit_length(real):
    np.testing.assert_allclose(np.linalg.norm(real.passages(TEXTS), axis=1), 1.0, atol=1e-5)


def test_no_texts_no_rows(tiny):
    assert tiny.passages([]).shape == (0, 32)
    assert tiny.embed_documents([]) == []
    assert tiny.chunks([], []).shape == (0, 32)


def test_langchain_gets_lists_of_floats(tiny):
    assert tiny.embed_query("gate") == pytest.approx(tiny.queries(["gate"])[0].tolist(), abs=1e-6)
    rows = tiny.embed_documents(["gate", "value"])
    assert [len(row) for row in rows] == [32, 32]
    assert all(isinstance(value, float) for value in rows[0])


def test_a_long_text_is_read_window_by_window(tiny, tiny_files, e5_tiny, caplog):
    words = "attention softmax gate weight value query kitten token".split()
    text = " ".join(words[number * number % 8] for number in range(300))
    with caplog.at_level(logging.WARNING, "rag.retrieval.embedding"):
        (whole,) = tiny.passages([text])
    assert "read in windows" in caplog.text
    ids = [piece.id for piece in tiny.tokenizer.pieces("passage: " + text)]
    window = tiny_files.window
    inner, room = ids[1:-1], window - 2
    rows = [inner[start : start + room] for start in range(0, len(inner), room)]
    assert len(rows) == 3
    # The same by hand: each window between [CLS] and [SEP], means weighted by their tokens.
    windows = [np.array([[ids[0], *row, ids[-1]]]) for row in rows]
    parts = [tiny._backend.vectors(row, np.ones_like(row))[0] * row.size for row in windows]
    mean = np.sum(parts, axis=0, dtype=np.float64)
    np.testing.assert_allclose(whole, mean / np.linalg.norm(mean), atol=1e-5)
    # What stands at the end still matters.
    (other,) = tiny.passages([text[:-5] + "kitten"])
    assert float(whole @ other) < 0.99999


def test_the_window_is_the_models_own(tiny_files, minilm):
    assert (tiny_files.window, tiny_files.dim) == (128, 32)
    assert (minilm.window, minilm.dim) == (256, 384)


def test_progress_counts_every_text(make, tiny_files):
    done = []
    make(tiny_files, dtype="float32", batch_tokens=64).passages(TEXTS[:4] * 5, done.append)
    assert sum(done) == 20
    assert len(done) > 1


@pytest.mark.parametrize("pooling", ["cls_token", "max_tokens"])
def test_another_pooling_is_refused(tmp_path, pooling):
    folder = save_tiny_encoder(tmp_path / f"e5-{pooling}", pooling=pooling)
    encoder = find_encoder(Settings(encoder=EncoderSettings(path=folder))).encoder
    with pytest.raises(BadConfiguration, match="mean pooling"):
        E5Embeddings(encoder, dtype="float32").load()


def test_mean_pooling_and_window_are_read_from_the_folder(make, tmp_path):
    folder = save_tiny_encoder(tmp_path / "e5-mean", pooling="mean_tokens")
    encoder = find_encoder(Settings(encoder=EncoderSettings(path=folder))).encoder
    assert encoder.window == 64
    embeddings = make(encoder, dtype="float32")
    np.testing.assert_allclose(
        embeddings.queries(["the gate of attention"]), reference(folder, ["query: the gate of attention"]), atol=1e-5
    )


def test_damaged_weights_are_named(tmp_path):
    folder = save_tiny_encoder(tmp_path / "e5-broken")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    encoder = find_encoder(Settings(encoder=EncoderSettings(path=folder))).encoder
    with pytest.raises(NoModel, match="e5-broken cannot be loaded"):
        E5Embeddings(encoder).load()


def test_auto_takes_a_dtype_that_the_machine_computes_in(tiny_files, tiny):
    automatic = E5Embeddings(tiny_files)
    cosines = (automatic.passages(TEXTS[:3]) * tiny.passages(TEXTS[:3])).sum(1)
    assert cosines.min() >= 0.999
    import torch

    if not torch.cuda.is_available() and not torch.backends.mps.is_available():
        expected = torch.bfloat16 if cpu_computes_bfloat16() else torch.float32
        assert next(automatic._backend.model.parameters()).dtype == expected


def test_weights_load_once_for_all_threads(make, tiny_files):
    loads = []

    class Counting(E5Embeddings):
        def _load(self):
            loads.append(self.id)
            return super()._load()

    embeddings = make(tiny_files, Counting, dtype="float32")
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(embeddings.embed_query, ["gate"] * 8))
    assert loads == ["e5-tiny"]
    assert all(row == rows[0] for row in rows)


def test_decomposed_hangul_is_read_like_composed(minilm_float32):
    text = "토크나이저"
    both = minilm_float32.passages([text, unicodedata.normalize("NFD", text)])
    assert float(both[0] @ both[1]) > 0.99


def test_dimensions_are_told_before_the_weights_are_loaded(tiny_files):
    embeddings = E5Embeddings(replace(tiny_files))
    assert embeddings.dim == 32
    assert embeddings.id == "e5-tiny"
    assert embeddings.passages([]).shape == (0, 32)
    assert embeddings._backend is None


def test_a_question_is_read_once(minilm_float32, monkeypatch):
    vector = minilm_float32.query("what is remembered")
    np.testing.assert_array_equal(vector, minilm_float32.queries(["what is remembered"])[0])
    monkeypatch.setattr(minilm_float32, "queries", None)
    assert minilm_float32.query("what is remembered") is vector
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1
