"""How right is the text of an answer: KLUE's and KorQuAD's measures to the letter, and `contains`.

Enters: the prediction (the answer without its markers, "" if abstained, None if there is none) and
the gold answers. Leaves: numbers in [0, 1]. Knows neither passages nor citations. A published
measure keeps its quirks, so that its numbers compare with papers; ours stand under other names.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from eval.metrics import Scored, together, unscored

KLUE = ("em_klue", "rouge_w_klue")
KORQUAD = ("em_korquad", "f1_korquad")
NAMES = (*KLUE, *KORQUAD, "contains")

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_KORQUAD_MARKS = str.maketrans(dict.fromkeys("'\"《》<>〈〉()‘’", " "))


def score(prediction: str | None, golds: Sequence[str], *, is_impossible: bool) -> Scored:
    """Every answer metric of one question.

    A question that can be answered but has no gold answer is unscored throughout. One that cannot
    be answered has KLUE's gold "": right only if the prediction is empty; KorQuAD's and ours are
    unscored. A missing prediction counts 0, as in KLUE's mean over all questions.
    """
    if not golds and not is_impossible:
        return unscored(NAMES, "the question has no gold answer")
    text = prediction or ""
    answered = prediction is not None
    klue = Scored({"em_klue": answered * em_klue(text, golds), "rouge_w_klue": answered * rouge_w_klue(text, golds)})
    if not golds:
        return together(klue, unscored((*KORQUAD, "contains"), "no gold answer: the question cannot be answered"))
    return together(
        klue,
        Scored({"em_korquad": answered * em_korquad(text, golds), "f1_korquad": answered * f1_korquad(text, golds)}),
        Scored({"contains": answered * contains(text, golds)}),
    )


def normalise_klue(text: str) -> str:
    """Lower-case, without ASCII punctuation, white space collapsed.

    KLUE's bracket pattern matches nothing in practice, so 《》‘’ survive here as they do there.
    Source: KLUE-baseline, metrics/utils.py, normalize_answer_for_klue_mrc.
    """
    return " ".join(text.lower().translate(_PUNCTUATION).split())


def em_klue(prediction: str, golds: Sequence[str]) -> float:
    """1 if the prediction equals any gold after KLUE's normalising; without golds the gold is "".

    Source: KLUE-baseline, compute_em_and_rouge_w_score_for_klue_mrc.
    """
    normal = normalise_klue(prediction)
    return float(any(normal == normalise_klue(gold) for gold in golds or [""]))


def rouge_w_klue(prediction: str, golds: Sequence[str]) -> float:
    """What KLUE publishes as ROUGE-W: F1 of the longest contiguous common block, best gold.

    Neither weighted nor a subsequence. Characters count, spaces too. The order of the arguments
    and difflib's autojunk (on) decide in rare cases, so both are kept.
    Source: KLUE-baseline, rouge_w_score_for_klue_mrc, beta 1.
    """
    normal = normalise_klue(prediction)
    return max(_longest_block_f1(normal, normalise_klue(gold)) for gold in golds or [""])


def _longest_block_f1(prediction: str, gold: str) -> float:
    if not gold:
        return float(not prediction)
    block = SequenceMatcher(None, prediction, gold).find_longest_match(0, len(prediction), 0, len(gold)).size
    return 2 * block / (len(prediction) + len(gold))


def normalise_korquad(text: str) -> str:
    """Brackets and quotes to spaces, lower-case, ASCII punctuation deleted, white space collapsed.

    Source: KorQuAD 1.0, evaluate-v1.0.py, normalize_answer.
    """
    return " ".join(text.translate(_KORQUAD_MARKS).lower().translate(_PUNCTUATION).split())


def em_korquad(prediction: str, golds: Sequence[str]) -> float:
    """1 if the prediction equals any gold after KorQuAD's normalising.

    Raises:
        ValueError: no gold answer; KorQuAD has none such.
    """
    normal = normalise_korquad(prediction)
    return float(any(normal == normalise_korquad(gold) for gold in _needed(golds)))


def f1_korquad(prediction: str, golds: Sequence[str]) -> float:
    """Multiset overlap of characters without spaces, order ignored; best gold.

    Raises:
        ValueError: no gold answer; KorQuAD has none such.

    Source: KorQuAD 1.0, evaluate-v1.0.py, f1_score.
    """
    characters = Counter(normalise_korquad(prediction).replace(" ", ""))
    return max(_overlap_f1(characters, Counter(normalise_korquad(gold).replace(" ", ""))) for gold in _needed(golds))


def _overlap_f1(prediction: Counter[str], gold: Counter[str]) -> float:
    common = (prediction & gold).total()
    return 2 * common / (prediction.total() + gold.total()) if common else 0.0


def contains(prediction: str, golds: Sequence[str]) -> float:
    """1 if a gold answer stands in the prediction, as written or once particles are stripped; ours.

    Both sides are normalised as KorQuAD does, then lose the particles (josa) at the end of their
    words. A number is not contained in a longer one: "9" is not in "1943". A gold of which nothing
    is left (a lone bracket, say) cannot be contained.

    Raises:
        ValueError: no gold answer.
    """
    normal = normalise_korquad(prediction)
    wanted = [gold for gold in map(normalise_korquad, _needed(golds)) if gold]
    if any(_stands_in(gold, normal) for gold in wanted):
        return 1.0
    if not normal or not wanted:
        return 0.0
    stripped = _without_particles(normal)
    return float(any(gold and _stands_in(gold, stripped) for gold in map(_without_particles, wanted)))


def _stands_in(gold: str, text: str) -> bool:
    before = r"(?<!\d)" if gold[0].isdigit() else ""
    after = r"(?!\d)" if gold[-1].isdigit() else ""
    return re.search(before + re.escape(gold) + after, text) is not None


def _without_particles(text: str) -> str:
    from rag.text import strip_particles

    return " ".join(strip_particles(text).split())


def _needed(golds: Sequence[str]) -> Sequence[str]:
    if not golds:
        raise ValueError("no gold answer to compare with")
    return golds


_MARKER = re.compile(r"[ \t]*\[(\d{1,3})\]")


def without_markers(text: str, markers: frozenset[int]) -> str:
    """The answer's text without those `[n]` that are markers; any other bracket stays."""
    return _MARKER.sub(lambda found: "" if int(found[1]) in markers else found[0], text).strip()
