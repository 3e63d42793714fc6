"""The cross-check of one answer: grounding says what to ask, generation asks it, grounding weighs what it heard.

Stands beside pipeline.py, where the sisters meet. Whatever goes wrong leaves the verdicts of the words as they were,
for the answer is written by then; only an asker who left is an error.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rag.errors import AskNotesError, BadConfiguration, Cancelled
from rag.generation.yes_no import probabilities
from rag.grounding import crosscheck
from rag.types import Citation, Passage, Question, Sentence

if TYPE_CHECKING:
    from rag.generation.engine import Engine, Generation

Verdicts = tuple[tuple[Sentence, ...], tuple[Citation, ...]]

_log = logging.getLogger(__name__)


class SecondOpinion:
    """Asks the generator behind `engine` about sentences of its answers."""

    def __init__(self, engine: Engine, threshold: float) -> None:
        self._engine = engine
        self._threshold = threshold
        self.fallbacks: tuple[str, ...] = ()
        """Why it cannot be had from this generator, once that was seen; nothing is asked any more then."""

    def on(
        self,
        question: Question,
        text: str,
        verdicts: Verdicts,
        passages: Sequence[Passage],
        answer: Generation,
    ) -> Verdicts:
        """The verdicts once the generator was heard; `answer` is the generation that wrote `text` from `passages`.

        Raises:
            Cancelled: nobody waits any more.
        """
        claims = {} if self.fallbacks else crosscheck.claims(text, *verdicts, passages, question.style)
        if not claims:
            return verdicts
        try:
            submit = partial(self._engine.submit, after=answer)
            said = probabilities(list(claims.values()), submit, question=question.text)
        except Cancelled:
            raise
        except AskNotesError as error:
            _log.warning("This answer was not cross-checked. %s", error)
            if isinstance(error, BadConfiguration):
                self.fallbacks = (str(error),)
            return verdicts
        return crosscheck.weighed(*verdicts, dict(zip(claims, said, strict=True)), self._threshold)
