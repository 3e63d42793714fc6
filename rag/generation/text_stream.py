"""Token ids -> text that may be shown, as soon as it is certain and never taken back.

Three steps, each usable alone: `Detokeniser` puts characters together that span several tokens,
`Thinking` hides <think>...</think>, `Stopper` ends at a stop string. Knows no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_UNFINISHED = "\ufffd"
# So many tokens without a whole character at their end are no text; what they lack is not waited for.
_NO_TEXT = 64


class Detokeniser:
    """Text of token ids, piece by piece; half a character waits for its other half and never shows as U+FFFD.

    A token may end one character and begin the next, as tokenizers of bytes cut Hangul: only the last, unfinished one
    waits.
    """

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []  # first those of the last whole text, as context: a start may be treated apart
        self._context = 0
        self._given = 0  # characters of the text of `_ids` that were given out, or were the context's

    def feed(self, token_id: int) -> str:
        """Text that became certain with this token, often one word, sometimes nothing."""
        self._ids.append(token_id)
        whole = self._decode(self._ids)
        certain = whole.rstrip(_UNFINISHED)
        piece = self._give(certain)
        if certain == whole or len(self._ids) - self._context >= _NO_TEXT:
            self._ids = self._ids[self._context :]
            self._context = len(self._ids)
            self._given = len(self._decode(self._ids))
        return piece

    def finish(self) -> str:
        """What was still waiting."""
        return self._give(self._decode(self._ids))

    def _give(self, text: str) -> str:
        piece = text[self._given :]
        self._given = max(self._given, len(text))
        return piece.replace(_UNFINISHED, "")


class Thinking:
    """Hides what stands between <think> and </think>, and those tags, even if one of them is missing."""

    OPEN, CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._begun = False

    def feed(self, text: str) -> str:
        """The part of the text that may be shown."""
        self._held += text
        shown = ""
        while True:
            places = [(self._held.find(tag), tag) for tag in (self.OPEN, self.CLOSE) if tag in self._held]
            if not places:
                break
            place, tag = min(places)
            if not self._inside:
                shown += self._held[:place]
            self._inside = tag == self.OPEN
            self._held = self._held[place + len(tag) :]
        kept = _tail(self._held, (self.OPEN, self.CLOSE))
        if not self._inside:
            shown += self._held[: len(self._held) - kept]
        self._held = self._held[len(self._held) - kept :]
        return self._from_first_word(shown)

    def finish(self) -> str:
        """What was held back in case it became a tag."""
        rest, self._held = ("" if self._inside else self._held), ""
        return self._from_first_word(rest)

    def _from_first_word(self, text: str) -> str:
        # An answer does not begin with the white space that stood around an empty thought.
        text = text if self._begun else text.lstrip()
        self._begun = self._begun or bool(text)
        return text


class Stopper:
    """Ends the text before the first stop string; no part of one is ever shown."""

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._stop = tuple(string for string in stop if string)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """The part of the text that is certainly before a stop string."""
        if self.stopped:
            return ""
        self._held += text
        places = [self._held.find(string) for string in self._stop if string in self._held]
        if places:
            self.stopped = True
            shown, self._held = self._held[: min(places)], ""
            return shown
        kept = _tail(self._held, self._stop)
        shown, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        return shown

    def finish(self) -> str:
        """What was held back in case it became a stop string."""
        rest, self._held = self._held, ""
        return rest


def _tail(text: str, strings: Sequence[str]) -> int:
    """Length of the longest end of `text` that could become one of `strings`."""
    longest = max((len(string) for string in strings), default=1) - 1
    ends = (n for n in range(min(longest, len(text)), 0, -1) if any(s.startswith(text[-n:]) for s in strings))
    return next(ends, 0)
