"""Which encoder the next generation is made with: the pinned one, unless another is asked for outright."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingest.progress import Progress
from rag.encoders import EncoderFiles, check_pin, find_encoder, find_pinned_encoder, vectors_digest
from rag.retrieval.embedding import E5Embeddings, open_embeddings
from rag.retrieval.manifest import EncoderPin
from rag.settings import Settings

# Measured on Korean, of the ten nearest neighbours; in English one in 27 (docs/log.md).
INT8 = "Vectors are rounded to int8: about one hit in 12 is another one. encoder.dtype = auto keeps them exact."


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """An encoder with its digest, or none (search by words only)."""

    encoder: EncoderFiles | None
    embeddings: E5Embeddings | None
    digest: str | None
    fallbacks: tuple[str, ...]

    @property
    def id(self) -> str | None:
        """Its public name."""
        return self.encoder.files.id if self.encoder else None

    @property
    def window(self) -> int | None:
        """Tokens that it reads at once."""
        return self.encoder.window if self.encoder else None

    def pin(self) -> EncoderPin | None:
        """What the manifest keeps of it."""
        if self.encoder is None or self.digest is None:
            return None
        return EncoderPin(
            id=self.encoder.files.id,
            digest=self.digest,
            origin=self.encoder.files.origin,
            query_prefix=self.encoder.query_prefix,
            passage_prefix=self.encoder.passage_prefix,
            pooling="mean",
            dim=self.encoder.dim,
            window=self.encoder.window,
        )


def choose_encoder(settings: Settings, pin: EncoderPin | None, re_embed: bool) -> EncoderChoice:
    """The encoder of the index if there is one; the one that the settings ask for if not, or to re-embed.

    Raises:
        EncoderMismatch: the settings ask for another one, and `re_embed` was not given.
        NoModel: it is out of reach.
    """
    if pin is None or re_embed:
        found = find_encoder(settings)
        encoder, fallbacks = found.encoder, found.fallbacks
    else:
        check_pin(settings, pin.id)
        encoder, fallbacks = find_pinned_encoder(settings, pin.id, pin.digest), ()
    if encoder is None:
        return EncoderChoice(None, None, None, fallbacks)
    if settings.encoder.dtype == "int8":
        fallbacks = (*fallbacks, INT8)
    return EncoderChoice(encoder, open_embeddings(encoder, settings), vectors_digest(encoder, settings), fallbacks)


def make_ready(choice: EncoderChoice, progress: Progress) -> EncoderChoice:
    """Give the encoder what it runs fastest on, here where somebody waits for a long job anyway.

    Raises:
        NoModel, BadConfiguration: an encoder that cannot be used.
    """
    if choice.embeddings is None:
        return choice
    if choice.embeddings.lacks_copy:
        with progress.stage("preparing the encoder", 1, "models") as stage:
            choice.embeddings.prepare()
            stage.advance(1)
    return replace(choice, fallbacks=(*choice.fallbacks, *choice.embeddings.fallbacks))
