import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.plain import fold, folded_claim, plain


@pytest.mark.parametrize(
    ("source", "heard"),
    [
        ("**LSTM**은 `nn.LSTM`이다", "LSTM은 nn.LSTM이다"),
        ("## 제목", "제목"),
        ("- [x] 할 일", "할 일"),
        ("> 인용", "인용"),
        ("[문서](https://example.org/a_b)를 본다", "문서를 본다"),
        ("![그림](a.png) 설명", "그림 설명"),
        ("a<br>b", "ab"),
        ("`<unk>` 토큰과 [CLS]", "<unk> 토큰과 [CLS]"),
        ("값은 $x_i$이다", "값은 x_i이다"),
        ("snake_case_name", "snake_case_name"),
        ("보이\u200b지 않는\u202e 글자", "보이지 않는 글자"),
    ],
)
def test_markup_goes_and_words_stay(source, heard):
    assert plain(source).text == heard


def test_table_bars_become_spaces_and_separators_go():
    assert plain("| a | b |\n|---|---|\n| 1 | 2 |").text.split() == ["a", "b", "1", "2"]


@given(st.text(alphabet="가나다 abc*_`#|[]()-\n1.", max_size=60))
def test_every_kept_character_knows_its_place(source):
    left = plain(source)
    assert len(left.offsets) == len(left.text) + 1
    for character, offset in zip(left.text, left.offsets, strict=False):
        assert source[offset] == character or (source[offset] == "|" and character == " ")


@given(st.text(max_size=60))
def test_folding_keeps_offsets_in_order(source):
    folded = fold(plain(source))
    assert len(folded.offsets) == len(folded.text) + 1
    assert list(folded.offsets) == sorted(folded.offsets)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("기울기 소실 문제가 생긴다.", "기울기소실 문제가  생긴다"),
        ("“인용”이다", '"인용"이다'),
        ("1985–1990년", "1985~1990년"),
        ("The Model works.", "the model works"),
    ],
)
def test_what_counts_as_the_same_words(first, second):
    assert folded_claim(first) == folded_claim(second)


@pytest.mark.parametrize(("first", "second"), [("no table", "notable"), ("1 0", "10"), ("나쁘다", "나뿌다")])
def test_what_does_not(first, second):
    assert folded_claim(first) != folded_claim(second)
