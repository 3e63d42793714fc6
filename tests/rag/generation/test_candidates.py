from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.generation.candidates import read_candidates, said

NOTE = """# LSTM

LSTM은 긴 의존성을 기억하려고 만든 순환 신경망이다. 게이트가 셋 있다.

- **forget gate**: 이전 셀 상태에서 버릴 것을 정한다.
1. [x] 과제를 낸다

| 게이트 | 활성화 |
|:---|---:|
| forget | sigmoid |

```python
lstm = nn.LSTM(128, 256)

out, (h, c) = lstm(x)
```
> 기울기 소실은 곱셈이 반복되기 때문에 생긴다.
</Tip>
![그림](lstm.png)
"""


def test_sentences_items_rows_and_lines_of_code_are_candidates(passage):
    found = read_candidates(3, passage(NOTE))
    assert [(candidate.form, candidate.text) for candidate in found] == [
        ("heading", "LSTM"),
        ("prose", "LSTM은 긴 의존성을 기억하려고 만든 순환 신경망이다."),
        ("prose", "게이트가 셋 있다."),
        ("prose", "**forget gate**: 이전 셀 상태에서 버릴 것을 정한다."),
        ("prose", "과제를 낸다"),
        ("row", "forget | sigmoid"),
        ("code", "lstm = nn.LSTM(128, 256)"),
        ("code", "out, (h, c) = lstm(x)"),
        ("prose", "기울기 소실은 곱셈이 반복되기 때문에 생긴다."),
    ]
    assert all(candidate.place == 3 for candidate in found)
    assert found[5].columns == "게이트 | 활성화"
    assert "LSTM" in found[1].heading


@settings(deadline=None, max_examples=200)
@given(text=st.text(alphabet="가나 .\n|#-`a1:\t*", max_size=200))
def test_candidates_are_the_notes_own_words(text):
    from rag.types import Chunk, Passage

    passage = Passage(Chunk("c", "d", 0, len(text), text, "", 1), 1, 1.0, 0, len(text), text)
    ends = 0
    for candidate in read_candidates(0, passage):
        assert text[candidate.start : candidate.end] == candidate.text != ""
        assert candidate.start >= ends
        ends = candidate.end


def texts(passage, text):
    return [(candidate.form, candidate.text) for candidate in read_candidates(0, passage(text))]


@pytest.mark.parametrize(
    "layout",
    [
        ":label:`sec_lstm`",
        "![a picture of a cell](../img/lstm.svg)",
        "[!TIP]",
        '<img src="https://example.org/a.png"\n  alt="a cell"/>',
        "[[open-in-colab]]",
        'width="80%"/> </div> {:else} <div class="flex"> <img src="x.png">',
        '{ text: "Some answer", explain: "No.", correct: true },',
    ],
)
def test_what_only_lays_a_page_out_is_no_candidate(passage, layout):
    assert texts(passage, f"{layout}\n\n게이트가 셋 있다.") == [("prose", "게이트가 셋 있다.")]


def test_a_passage_that_begins_inside_a_block_of_code_is_read_the_right_way_round(passage):
    text = "loss.backward()\n```\n손실을 역전파한다.\n```python\noptimizer.step()\n```\n"
    assert texts(passage, text) == [
        ("code", "loss.backward()"),
        ("prose", "손실을 역전파한다."),
        ("code", "optimizer.step()"),
    ]


def test_items_of_a_list_know_their_run_and_what_announces_it(passage):
    text = "## 색인\n\n색인은 둘이다:\n\n- Flat: 전부 비교. 느리다.\n- IVF: 셀만 비교\n\n1. 만든다 그리고\n"
    text += "2. 저장한다 끝에\n"
    found = [c for c in read_candidates(0, passage(text)) if c.run]
    assert [(c.run, c.text) for c in found] == [
        (1, "Flat: 전부 비교."),
        (1, "IVF: 셀만 비교"),
        (2, "만든다 그리고"),
        (2, "저장한다 끝에"),
    ]
    assert {c.intro for c in found if c.run == 1} == {"색인은 둘이다:"}
    assert {c.section for c in found} == {"색인"}


def test_links_and_roles_are_read_by_their_words():
    text = "See [the paper](https://example.org/a) and :numref:`fig_a`, `x[1](y)` <b>too</b>."
    assert said(text) == "See the paper and fig_a, `x[1](y)` too."


@pytest.mark.parametrize(
    "text",
    [
        "`<extra_id_0>` 같은 sentinel 토큰을 넣는다.",
        "<pad>와 <s>는 특수 토큰이다.",
        "x<y이고 y>z이면 x<z이다.",
        "if a <b and c> d, then List<String> is empty.",
        "`<b>굵게</b>`라고 쓴다.",
    ],
)
def test_what_only_looks_like_a_tag_is_shown(text):
    assert said(text) == text


def test_a_line_of_code_goes_on_to_where_its_bracket_closes(passage):
    text = (
        '```python\nds = load(\n    "json",  # a (note\n    streaming=True,\n)\nnext(ds)\nopen(\n'
        + "x,\n" * 20
        + ")\n```"
    )
    found = [c.text for c in read_candidates(0, passage(text))]
    assert found[0].startswith("ds = load(") and found[0].endswith(")") and "streaming=True" in found[0]
    assert found[1] == "next(ds)"
    assert "open(" not in found


def test_items_say_whether_they_are_numbered(passage):
    found = read_candidates(0, passage("1. 빈도를 센다.\n2. 병합한다.\n\n- 결과가 나온다.\n- 끝난다.\n"))
    assert [candidate.numbered for candidate in found] == [True, True, False, False]


def test_what_stands_ahead_of_its_chunks_heading_does_not_stand_under_it(passage):
    found = read_candidates(0, passage("둘로 나눈다.\n\n### 2.3 표본\n\n버린다.\n", heading="임베딩 > 2.3 표본"))
    assert [(c.text, c.section) for c in found] == [
        ("둘로 나눈다.", ""),
        ("2.3 표본", "2.3 표본"),
        ("버린다.", "2.3 표본"),
    ]
    assert found[0].heading == "임베딩"


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("scores = model(x)\nkeep = nms(boxes, scores)\n```\n\n상자를 고른다.\n", ["code", "code", "prose"]),
        ("boxes = model(x)\nkeep = nms(boxes)\n", ["code", "code"]),
        ("상자를 고른다.\n나머지는 버린다.\n", ["prose", "prose"]),
    ],
)
def test_a_passage_torn_out_of_code_without_its_fence(passage, text, forms):
    assert [candidate.form for candidate in read_candidates(0, passage(text))] == forms
