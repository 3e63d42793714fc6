import pytest
from pydantic import SecretStr, ValidationError

from rag.errors import BadConfiguration
from rag.settings import CONFIG_FILE, Settings, leaves, load
from tests.helpers import ROOT

NAMES = [name for name, _ in leaves(Settings)]


@pytest.fixture(autouse=True)
def _nothing_around(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_defaults_are_those_of_the_contract():
    loaded = load(environ={})
    settings = loaded.settings
    assert str(settings.data_dir) == ".ask-notes"
    assert settings.models == "auto"
    assert settings.encoder.id == "intfloat/e5-small-v2"
    assert settings.generator.id == "Qwen/Qwen3-0.6B"
    assert settings.retrieval.passage_chars == 1200
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8000)
    assert settings.server.cors_origins == ()
    assert loaded.origins == {}
    assert {row.origin for row in loaded.rows()} == {"default"}


def test_later_wins(tmp_path):
    (tmp_path / CONFIG_FILE).write_text('models = "hub"\n[retrieval]\nk = 3\npassage_chars = 300\ncandidates = 30\n')
    environ = {"ASK_NOTES_RETRIEVAL__K": "7", "ASK_NOTES_RETRIEVAL__PASSAGE_CHARS": "700"}
    loaded = load({"retrieval.k": 9, "retrieval.candidates": None}, environ=environ)
    retrieval = loaded.settings.retrieval
    assert (retrieval.k, retrieval.passage_chars, retrieval.candidates) == (9, 700, 30)
    assert loaded.settings.models == "hub"
    origins = {row.name: row.origin for row in loaded.rows()}
    assert origins["retrieval.k"] == "flag"
    assert origins["retrieval.passage_chars"] == "ASK_NOTES_RETRIEVAL__PASSAGE_CHARS"
    assert origins["retrieval.candidates"] == CONFIG_FILE
    assert origins["generator.backend"] == "default"


def test_a_flag_that_was_not_given_changes_nothing():
    assert load({"models": None}, environ={}).origins == {}


def test_another_file_can_be_named(tmp_path):
    (tmp_path / CONFIG_FILE).write_text("threads = 1\n")
    other = tmp_path / "other.toml"
    other.write_text("[generator]\nseed = 4\n")
    settings = load(config=other, environ={}).settings
    assert (settings.threads, settings.generator.seed) == (None, 4)
    with pytest.raises(BadConfiguration, match="No settings file"):
        load(config=tmp_path / "none.toml", environ={})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("colour = 1\n", "Unknown setting colour in ask-notes.toml"),
        ("[retrieval]\nkk = 1\n", "Unknown setting retrieval.kk in ask-notes.toml. Did you mean retrieval.k?"),
        ("retrieval = 3\n", "Unknown setting retrieval in ask-notes.toml"),
        ("[a.b]\nc = 1\n", "Unknown setting a.b.c"),
        ("models = \n", "cannot be read as TOML"),
        ('models = "fast"\n', r"models = 'fast' \(from ask-notes.toml\) does not fit"),
        ("[retrieval]\nk = 0\n", r"retrieval.k = 0 \(from ask-notes.toml\) does not fit"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path, written, said):
    (tmp_path / CONFIG_FILE).write_text(written)
    with pytest.raises(BadConfiguration, match=said):
        load(environ={})


def test_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / CONFIG_FILE).write_bytes('models = "한글"'.encode("cp949"))
    with pytest.raises(BadConfiguration, match="cannot be read"):
        load(environ={})


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ASK_NOTES_COLOUR", "1", "Unknown setting ASK_NOTES_COLOUR in the environment"),
        ("ASK_NOTES_RETRIEVAL__KK", "1", "Did you mean ASK_NOTES_RETRIEVAL__K?"),
        ("ASK_NOTES_RETRIEVAL", '{"k": 1}', "Unknown setting ASK_NOTES_RETRIEVAL"),
        ("ASK_NOTES_RETRIEVAL__K", "many", r"retrieval.k = 'many' \(from ASK_NOTES_RETRIEVAL__K\)"),
        ("ASK_NOTES_SERVER__CORS_ORIGINS", "http://a", "Lists are written as JSON"),
    ],
)
def test_a_variable_that_does_not_fit(variable, value, said):
    with pytest.raises(BadConfiguration, match=said):
        load(environ={variable: value})


def test_other_variables_are_left_alone():
    assert load(environ={"PATH": "/bin", "ASK_OTHER": "1", "NOTES": "2"}).origins == {}


def test_variables_are_read_whatever_their_case():
    assert load(environ={"ask_notes_retrieval__k": "4"}).settings.retrieval.k == 4


def test_the_process_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("ASK_NOTES_RETRIEVAL__K", "11")
    assert load().settings.retrieval.k == 11


def test_lists_come_as_json_from_the_environment():
    environ = {"ASK_NOTES_SERVER__CORS_ORIGINS": '["http://a", "http://b"]'}
    assert load(environ=environ).settings.server.cors_origins == ("http://a", "http://b")


@pytest.mark.parametrize("flags", [{"colour": 1}, {"retrieval": {"k": 1}}, {"retrieval.kk": 2}])
def test_an_unknown_flag(flags):
    with pytest.raises(BadConfiguration, match="Unknown setting"):
        load(flags, environ={})


def test_a_flag_that_does_not_fit_says_where_it_came_from():
    with pytest.raises(BadConfiguration, match=r"\(from flag\) does not fit"):
        load({"server.port": 70000}, environ={})


def secret_names():
    return [name for name, info in leaves(Settings) if "Secret" in str(info.annotation)]


def test_secrets_are_shown_as_stars():
    assert set(secret_names()) == {"generator.api_key", "server.api_keys"}
    environ = {"ASK_NOTES_GENERATOR__API_KEY": "sesame-1", "ASK_NOTES_SERVER__API_KEYS": '["sesame-2", "sesame-3"]'}
    loaded = load(environ=environ)
    assert loaded.settings.generator.api_key.get_secret_value() == "sesame-1"
    shown = {row.name: row.value for row in loaded.rows()}
    for name in secret_names():
        assert "sesame" not in shown[name]
        assert "*" in shown[name]
    assert "sesame" not in repr(loaded) + str(loaded.settings.model_dump())


@pytest.mark.parametrize(
    "flags",
    [
        {"server.api_keys": "sesame"},
        {"server.api_keys": ["fine", {"sesame": 1}]},
        {"generator.api_key": ["sesame"]},
    ],
)
def test_a_secret_that_does_not_fit_is_not_repeated(flags):
    with pytest.raises(BadConfiguration) as caught:
        load(flags, environ={})
    assert "sesame" not in str(caught.value)
    assert next(iter(flags)) in str(caught.value)


def test_every_setting_has_a_description():
    missing = [name for name, info in leaves(Settings) if not (info.description or "").strip()]
    assert missing == []
    assert [row.name for row in load(environ={}).rows()] == NAMES


def test_names_that_measure_carry_their_unit():
    numbers = [name for name, info in leaves(Settings) if info.annotation is float]
    assert all(name.endswith(("_s", "temperature", "top_p", "threshold")) for name in numbers)


def test_settings_cannot_be_changed():
    settings = load(environ={}).settings
    with pytest.raises(ValidationError):
        settings.models = "hub"
    with pytest.raises(ValidationError):
        settings.retrieval.k = 3
    with pytest.raises(ValidationError):
        Settings(colour=1)


def test_settings_alone_read_neither_file_nor_environment(tmp_path, monkeypatch):
    (tmp_path / CONFIG_FILE).write_text("threads = 1\n")
    monkeypatch.setenv("ASK_NOTES_MODELS", "hub")
    settings = Settings()
    assert (settings.threads, settings.models) == (None, "auto")


def test_the_page_of_settings_names_each():
    page = ROOT / "docs" / "settings.md"
    if not page.is_file():
        pytest.skip("there is no docs/settings.md yet")
    text = page.read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []


def test_secrets_stay_secret_types():
    settings = load({"generator.api_key": "sesame"}, environ={}).settings
    assert isinstance(settings.generator.api_key, SecretStr)
