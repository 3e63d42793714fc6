"""Every error a person can meet.

    AskNotesError
    ├── BadInput                 what was handed in cannot be used
    │   ├── EmptyQuestion
    │   ├── QuestionTooLong
    │   ├── BadNotes             a path, a file or a data set that cannot be read
    │   ├── BadDataset           an evaluation data set or run that cannot be read
    │   └── UnknownDocument
    ├── BadConfiguration         a setting that cannot hold
    │   ├── EncoderMismatch      the index was made with another encoder
    │   ├── StorageRefused       no permission, no space
    │   └── AddressTaken
    ├── NotReady                 something that must be there is not
    │   ├── NoIndex
    │   ├── DamagedIndex
    │   └── NoModel
    ├── GenerationFailed         the generator gave up
    │   ├── DeadlineExceeded
    │   └── Cancelled            nobody waits for the answer any more
    ├── Busy                     try again
    │   ├── QueueFull
    │   ├── ShuttingDown
    │   └── IndexLocked          another ingest is writing
    └── GateNotMet               an evaluation gate

A message says what was found, what was expected and what to do next. Exit codes belong to the
terminal (api/cli.py), statuses to HTTP (api/problems.py); this module knows neither.
"""

from __future__ import annotations


class AskNotesError(Exception):
    """Base of every error that is meant for a person; `str(error)` is the whole message."""


class BadInput(AskNotesError):
    """What was handed in cannot be used."""


class EmptyQuestion(BadInput):
    """The question holds no letter or digit."""


class QuestionTooLong(BadInput):
    """The question is longer than `max_question_chars`."""


class BadNotes(BadInput):
    """A path, a file or a data set of notes cannot be read."""


class BadDataset(BadInput):
    """An evaluation data set, or a finished run, cannot be read."""


class UnknownDocument(BadInput):
    """No document of that id is in the index."""


class BadConfiguration(AskNotesError):
    """A setting that cannot hold."""


class EncoderMismatch(BadConfiguration):
    """The settings ask for another encoder than the index was made with."""


class StorageRefused(BadConfiguration):
    """The disk does not take it: no permission, no space, not a folder."""


class AddressTaken(BadConfiguration):
    """Another program listens on that port, or the address is not this machine's."""


class NotReady(AskNotesError):
    """Something that must be there is not."""


class NoIndex(NotReady):
    """Nothing was ingested yet."""


class DamagedIndex(NotReady):
    """Generations exist, and none of them can be opened."""


class NoModel(NotReady):
    """A model that was asked for cannot be found or loaded."""


class GenerationFailed(AskNotesError):
    """The generator gave up."""


class DeadlineExceeded(GenerationFailed):
    """The answer was not there within `deadline_s`, waiting included."""


class Cancelled(GenerationFailed):
    """Nobody waits for the answer any more."""


class Busy(AskNotesError):
    """Try again; `retry_after_s` says when."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QueueFull(Busy):
    """`queue_size` questions already wait."""


class ShuttingDown(Busy):
    """The server is about to stop and takes no new questions."""


class IndexLocked(Busy):
    """Another ingest is writing this index."""


class GateNotMet(AskNotesError):
    """An evaluation gate is not met by the interval's lower end."""
