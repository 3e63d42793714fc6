import json
import re
from pathlib import Path

from eval import environment
from rag.settings import EncoderSettings, GeneratorSettings, ServerSettings, Settings


def test_settings_are_shown_without_secrets_paths_and_addresses() -> None:
    settings = Settings(
        data_dir=Path("/home/somebody/notes"),
        encoder=EncoderSettings(path=Path("/models/e5")),  # type: ignore[call-arg]
        generator=GeneratorSettings(api_key="sk-secret", base_url="http://gpu.internal:8001/v1"),  # type: ignore[arg-type, call-arg]
        server=ServerSettings(api_keys=("key-secret",), host="10.0.0.1"),  # type: ignore[arg-type, call-arg]
    )
    text = json.dumps(environment.shown_settings(settings))
    for word in ("secret", "somebody", "internal", "/models", "10.0.0.1"):
        assert word not in text
    shown = environment.shown_settings(settings)
    assert shown["encoder"]["path"] == "e5"
    assert shown["generator"]["base_url"] == "set"
    assert shown["retrieval"]["k"] == 5


def test_machine_and_versions() -> None:
    machine = environment.machine()
    assert machine["cores"] >= 1
    assert machine["cpu"]
    assert set(machine) == {"cpu", "cores", "memory_gib", "system"}
    assert "numpy" in environment.versions()


def test_revision_is_a_commit_or_nothing() -> None:
    found = environment.revision()
    assert found is None or re.fullmatch(r"[0-9a-f]{12}\+?", found)


def test_index_is_what_its_manifest_says_less_the_roots(tmp_path: Path) -> None:
    folder = tmp_path / "index" / "gen-000001"
    folder.mkdir(parents=True)
    assert environment.index(tmp_path, "gen-000001") == {"generation": "gen-000001"}
    manifest = {
        "format": 1, "encoder": {"id": "/models/e5", "digest": "abc"}, "files": {"dense.faiss": {"sha256": "1"}},
        "roots": [{"location": "/home/somebody"}],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    found = environment.index(tmp_path, "gen-000001")
    assert found["encoder"] == {"id": "e5", "digest": "abc"}
    assert found["files"] == {"dense.faiss": {"sha256": "1"}}
    assert "roots" not in found
