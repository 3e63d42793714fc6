"""Notes, encoders and small builders that several tests use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

from rag.types import Chunk, Document, Passage

ROOT = Path(__file__).parents[1]

NOTES = {
    "week1/01-토큰화.md": (
        "---\ntitle: 토큰화\n---\n\n# 토큰화\n\n"
        "토크나이저는 문장을 토큰으로 나눈다. BPE는 가장 자주 나오는 쌍을 합친다.\n\n"
        "## WordPiece\n\nWordPiece는 우도를 가장 크게 높이는 쌍을 합친다. 어휘에 없는 단어는 [UNK]가 된다.\n\n"
        "| 방법 | 합치는 기준 |\n|---|---|\n| BPE | 빈도 |\n| WordPiece | 우도 |\n"
    ),
    "week1/02-LSTM.md": (
        "# LSTM\n\nLSTM은 게이트로 기울기 소실을 줄인다. 망각 게이트는 셀 상태에서 무엇을 지울지 정한다.\n\n"
        "## 게이트의 수\n\n- 입력 게이트\n- 망각 게이트\n  - 시그모이드로 0과 1 사이\n- 출력 게이트\n\n"
        "```python\nlstm = nn.LSTM(input_size=8, hidden_size=16)\n# 주석은 제목이 아니다\n```\n"
    ),
    "week2/attention.md": (
        "# Attention\n\nAttention computes a weighted sum of the values. The weights come from a softmax over the "
        "scaled dot products of queries and keys.\n\n## Why scale\n\nWithout dividing by the square root of the "
        "dimension, the softmax saturates and its gradient becomes tiny.\n\n"
        "$$\n\\mathrm{softmax}(QK^T / \\sqrt{d})\n\n$$\n"
    ),
    "week2/felines.md": (
        "# Pets at home\n\nA kitten sleeps sixteen hours a day. The feline purrs while it rests on the sofa.\n\n"
        "## Feeding\n\nGive it fresh water and dry food twice a day.\n"
    ),
    "week3/1.2 평가.txt": (
        "1.2 평가 지표\n재현율은 정답 가운데 찾은 것의 비율이다.\n\n"
        "1.2.1 MRR\n첫 정답의 순위를 뒤집어 평균한다. 😀 이모지도 글자다.\n"
    ),
}  # fmt: skip


def write_notes(folder: Path, notes: Mapping[str, str | bytes]) -> Path:
    """Files below `folder`, which is returned."""
    for name, content in notes.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def markdown(text: str, doc_id: str = "doc", title: str = "") -> Document:
    return Document(doc_id, "note.md", title, text, {"origin": "notes", "format": "markdown"})


def chunk(text: str, *, doc_id: str = "doc", start: int = 0, name: str = "chunk", heading: str = "") -> Chunk:
    return Chunk(name, doc_id, start, start + len(text), text, heading, 1)


def passage(text: str, *, doc_id: str = "doc", rank: int = 1) -> Passage:
    return Passage(chunk(text, doc_id=doc_id), rank, 1 / rank, 0, len(text), text, f"{doc_id}.md", doc_id)


class HashEmbeddings(Embeddings):
    """Unit vectors from hashes of words: texts that share words are near. No weights, always the same."""

    def __init__(self, dim: int = 16) -> None:
        self.dim = dim

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        total = np.full(self.dim, 1e-3)
        for word in text.lower().split():
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
            total += np.random.default_rng(seed).normal(size=self.dim)
        return (total / np.linalg.norm(total)).tolist()


_WORDS = "attention softmax gate gates weight value query passage kitten token the of and is in".split()


def save_tiny_encoder(folder: Path, *, pooling: str | None = None, seed: int = 0) -> Path:
    """A random BERT (32 dimensions, window 128) with its WordPiece tokenizer, as `from_pretrained` takes it.

    Its vocabulary holds letters, jamo and a few English words. `pooling` also writes the files of
    sentence-transformers that name one.
    """
    import json

    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
    from transformers.utils import logging

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    signs = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    jamo = [chr(code) for code in (*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A8, 0x11C3))]
    pieces = [*special, *_WORDS, *signs, *jamo, *(f"##{sign}" for sign in [*signs, *jamo])]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))

    logging.disable_progress_bar()
    folder.mkdir(parents=True)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertModel(
            BertConfig(
                vocab_size=len(vocabulary),
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                max_position_embeddings=128,
            )
        )
    model.save_pretrained(folder)
    if pooling is not None:
        modules = [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ]
        (folder / "modules.json").write_text(json.dumps(modules))
        (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64, "do_lower_case": False}))
        (folder / "1_Pooling").mkdir()
        modes = {f"pooling_mode_{mode}": mode == pooling for mode in ("cls_token", "mean_tokens", "max_tokens")}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 32, **modes}))
    return folder


def make_manifest(folder: Path, **changes):
    """A manifest over the files that lie in a folder."""
    from rag.retrieval.manifest import FORMAT, Audit, Background, Counts, Manifest, SplitterPin, record_files

    given = {
        "format": FORMAT,
        "generation": folder.name,
        "created": "2026-01-01T00:00:00+00:00",
        "encoder": None,
        "splitter": SplitterPin(version=1, chunk_tokens=256, section_chars=2400),
        "counts": Counts(documents=0, sections=0, chunks=0, characters=0),
        "roots": [],
        "audit": Audit(
            words=0,
            unk_words=0,
            unk_share=0.0,
            read_share=0.0,
            tokens=0,
            tokens_per_character=0.0,
            truncated_tokens=0,
            languages={},
            worst=[],
            advice="",
        ),
        "background": Background(mean=0.0, deviation=1.0),
        "dense": "none",
        "versions": {},
        "fallbacks": [],
        "files": record_files(folder),
    }
    return Manifest(**(given | changes))


class Recorder:
    """A progress that remembers: the total of every stage, and that what was counted is the total."""

    def __init__(self) -> None:
        self.stages: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str, total: int, unit: str):
        self.stages[name] = total
        self._done = 0
        yield self
        assert self._done == total, f"{name}: {self._done} of {total} {unit}"

    def advance(self, done: int) -> None:
        self._done += done
