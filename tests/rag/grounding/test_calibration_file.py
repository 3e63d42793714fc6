from __future__ import annotations

import json

import pytest

from rag.errors import BadConfiguration, StorageRefused
from rag.grounding import calibration_file
from rag.grounding.abstain import SHIPPED, SHIPPED_WITHOUT_IDF, answerable
from rag.grounding.calibration import Calibration
from rag.grounding.signals import NAMES
from rag.types import Chunk, Passage

OWN = Calibration(dict.fromkeys(NAMES, 0.5), -1.0, {"ko": 0.4, "en": 0.4})
TEXT = "망각 게이트는 무엇을 지울지 정한다."
PASSAGES = (Passage(Chunk("c", "d", 0, len(TEXT), TEXT, "", 9), 1, 1.0, 0, len(TEXT), TEXT),)


def test_what_is_kept_comes_back(tmp_path):
    assert calibration_file.load(tmp_path) == {}
    assert calibration_file.described(tmp_path) is None
    path = calibration_file.save(tmp_path, {"ko": OWN}, {"dataset": "q.jsonl", "questions": 60})
    assert path.name == "calibration.json"
    assert calibration_file.load(tmp_path) == {"ko": OWN}
    assert calibration_file.described(tmp_path)["made"] == {"dataset": "q.jsonl", "questions": 60}
    assert list(tmp_path.iterdir()) == [path]
    assert calibration_file.reset(tmp_path)
    assert not calibration_file.reset(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(format=99),
        lambda tree: tree.update(languages=[]),
        lambda tree: tree["languages"].update(fr=tree["languages"]["ko"]),
        lambda tree: tree["languages"]["ko"]["weights"].popitem(),
        lambda tree: tree["languages"]["ko"]["weights"].update(place="much"),
        lambda tree: tree["languages"]["ko"].update(threshold=1.5),
        lambda tree: tree["languages"]["ko"].update(bias=True),
    ],
)
def test_a_file_that_is_not_right_is_refused_and_says_what_to_do(tmp_path, change):
    path = calibration_file.save(tmp_path, {"ko": OWN}, {})
    tree = json.loads(path.read_text())
    change(tree)
    path.write_text(json.dumps(tree))
    with pytest.raises(BadConfiguration, match="calibrate --reset"):
        calibration_file.load(tmp_path)


def test_broken_json_is_refused(tmp_path):
    (tmp_path / "calibration.json").write_text("{")
    with pytest.raises(BadConfiguration, match="not JSON"):
        calibration_file.load(tmp_path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(StorageRefused):
        calibration_file.save(tmp_path / "nowhere", {"ko": OWN}, {})


def test_a_language_without_its_own_takes_the_one_that_ships():
    never = Calibration(OWN.weights, -30.0, {"ko": 0.5, "en": 0.5})
    question = "망각 게이트는 무엇을 정하나?"
    assert answerable(question, PASSAGES, idf=lambda word: 1.0).answerable
    assert not answerable(question, PASSAGES, idf=lambda word: 1.0, calibration={"ko": never}).answerable
    same = answerable(question, PASSAGES, idf=lambda word: 1.0, calibration={"en": never})
    assert same == answerable(question, PASSAGES, idf=lambda word: 1.0)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_ships_weighs_every_signal_and_has_a_threshold_of_its_own(language):
    assert set(SHIPPED[language].weights) == set(NAMES) == set(SHIPPED_WITHOUT_IDF.weights)
    assert 0 < SHIPPED[language].thresholds[language] < 0.5
    assert 0 < SHIPPED_WITHOUT_IDF.thresholds[language] < 0.5
