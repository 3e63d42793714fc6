"""What a model says of the first token of its answer; transformers' own forward pass is the oracle."""

from __future__ import annotations

import math

import pytest
import torch
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from transformers import AutoModelForCausalLM, AutoTokenizer

from rag.errors import BadConfiguration, GenerationFailed
from rag.generation.engine import Engine
from rag.generation.first_token import METADATA, first_ids, shares_of
from rag.generation.openvino import LocalOpenVINO
from rag.generation.qwen import LocalQwen
from rag.generation.yes_no import WORDS

SHORT = [SystemMessage("예 또는 아니요로 답하세요."), HumanMessage("어텐션은 가중합을 계산합니까?")]
LONG = [HumanMessage("어텐션은 가중합을 계산한다. " * 60)]
TALK = [*SHORT, AIMessage("예"), HumanMessage("그렇습니까?")]


@pytest.fixture(scope="module", params=["torch", "openvino"])
def model(request, tiny_qwen_folder):
    if request.param == "torch":
        return LocalQwen.load(tiny_qwen_folder, name="tiny/qwen", dtype="float32")
    return LocalOpenVINO.load(request.getfixturevalue("tiny_ir_folder"), name="tiny/ir", dtype="float32")


@pytest.fixture(scope="module")
def oracle(tiny_qwen_folder):
    """Probabilities of single token ids behind a conversation, by transformers alone."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_qwen_folder)
    whole = AutoModelForCausalLM.from_pretrained(tiny_qwen_folder, dtype=torch.float32)
    roles = {"system": "system", "human": "user", "ai": "assistant"}

    def foretold(messages):
        ids = tokenizer.apply_chat_template(
            [{"role": roles[m.type], "content": m.content} for m in messages],
            add_generation_prompt=True,
            enable_thinking=False,
            return_tensors="pt",
        )["input_ids"]
        with torch.inference_mode():
            return whole(input_ids=ids).logits[0, -1].softmax(dim=0)

    return tokenizer, foretold


def told(model, messages, groups=WORDS):
    """The metadata and the text of a call that only asks for the first token."""
    chunks = list(model.stream(messages, among=groups))
    found = [chunk.response_metadata[METADATA] for chunk in chunks if METADATA in chunk.response_metadata]
    assert len(found) == 1
    return found[0], "".join(chunk.content for chunk in chunks), chunks


@pytest.mark.parametrize("messages", [SHORT, LONG, TALK], ids=["one block", "many blocks", "a conversation"])
def test_probabilities_are_those_of_transformers(model, oracle, messages):
    tokenizer, foretold = oracle
    odds = foretold(messages)
    shares, text, _ = told(model, messages)
    # This tokenizer has no Korean syllables of its own: 예 and 아 begin with the same byte, so neither counts.
    assert tokenizer("예")["input_ids"][0] == tokenizer("아")["input_ids"][0]
    yes = [tokenizer(word)["input_ids"][0] for word in ("yes", "Yes", "네")]
    no = [tokenizer(word)["input_ids"][0] for word in ("no", "No")]
    assert shares["yes"] == pytest.approx(sum(float(odds[i]) for i in set(yes)), rel=1e-3)
    assert shares["no"] == pytest.approx(sum(float(odds[i]) for i in set(no)), rel=1e-3)
    assert text == ""


def test_groups_that_hold_every_token_share_the_whole(model):
    tokenizer = model._tokenizer
    everything = [tokenizer.decode([i]) for i in range(3, len(tokenizer))]
    single = [word for word in everything if len(tokenizer(word, add_special_tokens=False)["input_ids"]) == 1]
    shares, _, _ = told(model, SHORT, {"some": single[::2], "others": single[1::2]})
    assert 0.3 < sum(shares.values()) <= 1 + 1e-9
    swapped, _, _ = told(model, SHORT, {"some": single[1::2], "others": single[::2]})
    assert swapped["some"] == pytest.approx(shares["others"])


def test_only_the_prompt_is_read(model):
    _, _, chunks = told(model, SHORT)
    usage = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert [(u["input_tokens"], u["output_tokens"]) for u in usage] == [(model.get_num_tokens_from_messages(SHORT), 0)]


def test_an_answer_beside_it_is_not_changed(model):
    greedy = {"temperature": 0.0, "max_new_tokens": 12}
    alone = "".join(chunk.content for chunk in model.stream(LONG, **greedy))
    expected, _, _ = told(model, SHORT)
    writing = model.stream(LONG, **greedy)
    written = next(writing).content
    shares, _, _ = told(model, SHORT)
    assert written + "".join(chunk.content for chunk in writing) == alone
    assert shares == pytest.approx(expected, rel=1e-3)


def test_it_can_be_left_between_the_blocks_of_a_prompt(model):
    stream = model.stream([*LONG, AIMessage("네"), *LONG], among=WORDS)
    assert next(stream).content == ""
    stream.close()
    assert told(model, SHORT)[0]


def test_words_that_begin_alike_cannot_be_told_apart(model):
    with pytest.raises(BadConfiguration, match="yes, no cannot be told apart"):
        list(model.stream(SHORT, among={"yes": ["예"], "no": ["아니"]}))


def test_a_prompt_beyond_the_window_is_refused_as_for_an_answer(model):
    with pytest.raises(GenerationFailed, match="tokens and"):
        list(model.stream([HumanMessage("가중합 " * 20_000)], among=WORDS))


def test_through_the_engine_it_is_no_text_but_metadata(model):
    engine = Engine(model, queue_size=2, deadline_s=60, parallel=2)
    try:
        generation = engine.submit(SHORT, among=WORDS, temperature=0.0, max_new_tokens=1)
        assert list(generation) == []
        assert set(generation.metadata[METADATA]) == {"yes", "no"}
        assert generation.usage.completion_tokens == 0
    finally:
        engine.close()


class Syllables:
    """A tokenizer whose tokens are the characters' code points."""

    def __call__(self, text, add_special_tokens=True):
        assert not add_special_tokens
        return {"input_ids": [ord(character) for character in text]}


def test_first_ids_are_those_of_the_first_pieces():
    assert first_ids(Syllables(), {"yes": ("예", "네", "yes"), "no": ("아니", "no")}) == {
        "yes": sorted(map(ord, "예네y")),
        "no": sorted(map(ord, "아n")),
    }
    assert first_ids(Syllables(), {"one": ("none", "o"), "two": ("no",)}) == {"one": [ord("o")], "two": []}


@pytest.mark.parametrize(
    ("tokens", "yes", "no"),
    [
        ({"Yes": 0.6, "No": 0.3, "The": 0.1}, 0.6, 0.3),
        ({" yes": 0.2, "네": 0.1, "아": 0.4, "n": 0.2}, 0.3, 0.4),
        ({"아니": 0.5, "아니요": 0.2, "yesterday": 0.1, "": 0.1}, 0.0, 0.5),
        ({}, 0.0, 0.0),
    ],
)
def test_shares_of_a_servers_likeliest_tokens(tokens, yes, no):
    likeliest = [{"token": token, "logprob": math.log(odds)} for token, odds in tokens.items()]
    shares = shares_of(likeliest, WORDS)
    assert (shares["yes"], shares["no"]) == (pytest.approx(yes), pytest.approx(no))
