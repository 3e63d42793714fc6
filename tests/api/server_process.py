"""A server as `ask-notes serve` makes it, over the fake pipeline: run by test_serve.py in its own process."""

from __future__ import annotations

import sys
import types
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from api.cli import main  # noqa: E402
from tests.api.fake_pipeline import FakePipeline  # noqa: E402

wiring = types.ModuleType("rag.wiring")
wiring.open_pipeline = lambda settings, **options: FakePipeline(token_delay_s=0.02)
sys.modules["rag.wiring"] = wiring

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
