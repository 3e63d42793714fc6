"""Text from notes and askers, made harmless for a prompt: what a model could take for a command loses its form.

Never for display: citations are checked against the untouched text. Knows no model and no budget.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

# Characters that show nothing yet reach the tokenizer: Hangul fillers, and the variation selectors
# that can carry whole hidden sentences. Category Cf (zero-width, bidirectional, tags) goes as a whole.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_CHAT_TOKEN = re.compile(r"<\|([^<>|\n]{1,64})\|>")
_ROLE_TAG = re.compile(
    r"<(/?\s*(?:think|tool_call|tool_response|tools|s|start_of_turn|end_of_turn|system|assistant|user|notes|premise|hypothesis)\b[^<>\n]*)>",
    re.IGNORECASE,
)
_BRACKET_ROLE = re.compile(r"\[(/?(?:INST|SYS)\b[^\]\n]*)\]|<<(/?SYS)>>", re.IGNORECASE)
# `x[1]` and `f(x)[1]` are code and stay; " [1]", ".[1]" and "다[1]" look like our markers.
_MARKER = re.compile(r"(?<![A-Za-z0-9_\])])\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_LINE_MARKER = re.compile(r"^(\s*)\[(\d{1,3})\]", re.MULTILINE)


def clean(text: str) -> str:
    """`text` without invisible and control characters, and with fake control tokens, tags and markers defused."""
    visible = _INVISIBLE.sub("", "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _DROPPED))
    plain = _CHAT_TOKEN.sub(r"< |\1| >", visible)
    plain = _ROLE_TAG.sub(r"< \1 >", plain)
    plain = _BRACKET_ROLE.sub(lambda match: f"( {match[1] or match[2]} )", plain)
    return _MARKER.sub(r"(\1)", _LINE_MARKER.sub(r"\1(\2)", plain))


def fence_around(texts: Iterable[str]) -> str:
    """A delimiter that none of the texts holds; the same for the same texts, so that a prompt can be repeated."""
    seen = "\0".join(texts)
    fence = seen
    while fence in seen:
        fence = hashlib.sha256(fence.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return fence


# Control, format and surrogate characters; a lone surrogate would also break the tokenizer.
_DROPPED = frozenset(["Cc", "Cf", "Cs"])
