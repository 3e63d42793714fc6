from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from api.app import STATIC, create_app
from api.security import check_listen, is_loopback
from rag.errors import BadConfiguration
from rag.settings import load
from tests.api.calls import Call
from tests.api.fake_pipeline import FakePipeline

KEY = "k9-한글-key"


def _settings(tmp_path, **flags):
    return load({"data_dir": str(tmp_path), **{k.replace("__", "."): v for k, v in flags.items()}}, environ={}).settings


@pytest.fixture
def locked(client_for, tmp_path):
    return client_for(_settings(tmp_path, server__api_keys=["another-one", KEY]), FakePipeline())


GUARDED = [
    ("POST", "/v1/ask"),
    ("POST", "/v1/search"),
    ("GET", "/v1/documents"),
    ("GET", "/v1/documents/d0"),
    ("POST", "/v1/feedback"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/models"),
    ("GET", "/metrics"),
    ("GET", "/v1/nothing"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", "Basic k", KEY, f"Bearer {KEY}x", "Bearer  "])
def test_a_key_is_asked_for(locked, method, path, header):
    headers = {} if header is None else {"authorization": header.encode()}
    response = locked.request(method, path, json={} if method == "POST" else None, headers=headers)
    assert response.status_code == 401
    assert response.json()["code"] == "unauthorized"
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_key_opens(locked, scheme):
    response = locked.get("/v1/documents", headers={"authorization": f"{scheme} {KEY}".encode()})
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/docs", "/openapi.json", "/static/app.js"])
def test_what_needs_no_key(locked, path):
    assert locked.get(path).status_code == 200


@pytest.mark.parametrize(
    ("host", "open_to_others"),
    [("127.0.0.1", False), ("127.8.8.8", False), ("localhost", False), ("::1", False), ("[::1]", False),
     ("0.0.0.0", True), ("::", True), ("192.168.0.7", True), ("", True), ("no-such-host.invalid", True)],
)  # fmt: skip
def test_listening_beyond_this_machine_needs_a_key(tmp_path, host, open_to_others, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", _no_names)
    assert is_loopback(host) is not open_to_others
    if open_to_others:
        with pytest.raises(BadConfiguration, match="api_keys"):
            check_listen(_settings(tmp_path, server__host=host).server)
        check_listen(_settings(tmp_path, server__host=host, server__api_keys=["k"]).server)
    else:
        check_listen(_settings(tmp_path, server__host=host).server)


def _no_names(*args, **kwargs):
    raise OSError("no network in tests")


def test_an_empty_key_is_no_key(tmp_path):
    with pytest.raises(BadConfiguration, match="empty"):
        check_listen(_settings(tmp_path, server__api_keys=[" "]).server)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "", "10.0.0.1"]
)
def test_another_host_name_is_turned_away(client, host):
    response = client.get("/v1/documents", headers={"host": host})
    assert response.status_code == 421
    assert response.json()["code"] == "wrong_host"


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST", "notes.localhost"]
)
def test_own_host_names(client, host):
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_a_proxy_may_use_its_own_name_where_keys_are_asked_for(locked):
    assert locked.get("/healthz", headers={"host": "notes.example"}).status_code == 200


def test_a_large_body_is_refused_before_it_is_read(tmp_path):
    async def main():
        app = create_app(_settings(tmp_path, server__max_body_bytes=1000), FakePipeline())
        announced = Call(app, "/v1/ask", b"never read", headers={"content-length": "5000"})
        await announced.task
        assert announced.status == 413
        assert announced.json()["code"] == "body_too_large"
        assert announced._body is not None
        # Without a length (chunked) it is counted while it is read.
        counted = Call(app, "/v1/ask", b'{"question": "' + b"x" * 2000 + b'"}')
        await counted.task
        assert counted.status == 413
        assert counted.json()["code"] == "body_too_large"

    asyncio.run(main())


def test_headers_are_on_everything(client):
    for path in ("/", "/healthz", "/nope", "/v1/documents", "/static/app.js", "/docs"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe-eval" not in policy
        assert "http" not in policy
    assert "unsafe-inline" not in client.get("/").headers["content-security-policy"]
    assert client.get("/v1/documents").headers["cache-control"] == "no-store"
    assert client.post("/v1/ask", json={"question": "터짐"}).headers["x-content-type-options"] == "nosniff"


def test_other_sites_are_not_let_in_by_default(client):
    response = client.get("/v1/documents", headers={"origin": "https://other.example"})
    assert not [name for name in response.headers if name.startswith("access-control-")]
    asked = {"origin": "https://other.example", "access-control-request-method": "POST"}
    assert client.options("/v1/ask", headers=asked).status_code == 405


def test_one_setting_lets_a_site_in(client_for, tmp_path):
    settings = _settings(tmp_path, server__cors_origins=["https://good.example"], server__api_keys=["key"])
    client = client_for(settings, FakePipeline())
    asked = {
        "origin": "https://good.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    response = client.options("/v1/ask", headers=asked)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "https://good.example"
    # An error, too, must be readable for that page.
    refused = client.get("/v1/documents", headers={"origin": "https://good.example"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://good.example"
    other = client.get("/v1/documents", headers={"origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers


OWN = [path for path in STATIC.rglob("*") if path.suffix in (".html", ".js", ".css") and "swagger-ui" not in path.name]


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_the_page_asks_no_other_host(path: Path):
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text)


@pytest.mark.parametrize("path", [path for path in OWN if path.suffix == ".js"], ids=lambda path: path.name)
def test_what_notes_and_models_write_is_never_markup(path: Path):
    text = path.read_text(encoding="utf-8")
    for door in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"):
        assert door not in text


@pytest.mark.parametrize("path", [path for path in OWN if path.suffix == ".html"], ids=lambda path: path.name)
def test_pages_hold_no_inline_script_or_style(path: Path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\bstyle=|\bon[a-z]+=", text)


def test_the_documentation_needs_no_other_host(client):
    page = client.get("/docs").text
    assert "http" not in page
    for reference in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert client.get(reference).status_code == 200
    assert client.get("/openapi.json").json()["info"]["title"] == "ask-notes"


def test_everything_the_page_names_is_there(client):
    page = client.get("/").text
    for reference in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert client.get(reference).status_code == 200
    for module in STATIC.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', module.read_text(encoding="utf-8")):
            assert client.get(f"/static/{name}").headers["content-type"].startswith("text/javascript")
