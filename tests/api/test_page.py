"""The page's own logic, run where node is at hand; what a browser shows is looked at by hand."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from api.app import STATIC

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")

TEXTS = ["", "가나다", "a🧭b🧭", "🧭🧭", "e\u0301 한글 \U0001d54f!", "\n\n🙂\n"]


def _run(script: str) -> object:
    command = ["node", "--input-type=module", "-e", script.replace("STATIC", STATIC.as_uri())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_offsets_count_code_points_as_python_does():
    cases = [
        (text, start, end) for text in TEXTS for start in range(len(text) + 1) for end in range(start, len(text) + 1)
    ]
    found = _run(
        'import { sliceCodePoints } from "STATIC/offsets.js";'
        f"console.log(JSON.stringify({json.dumps(cases)}.map(([t, s, e]) => sliceCodePoints(t, s, e))))"
    )
    assert found == [text[start:end] for text, start, end in cases]


def test_offsets_beyond_the_end_stay_inside():
    script = 'import { sliceCodePoints as s } from "STATIC/offsets.js"; console.log(JSON.stringify([s("🧭a", 1, 99)]))'
    assert _run(script) == ["a"]


def test_blocks_of_an_answer_lose_no_word():
    text = "첫 줄\n둘째 줄\n\n- 하나\n  이어서\n  - 더 깊이\n1. 차례\n```py\nx = 1\n\ny\n```\n# 제목\n끝"
    blocks = _run(
        f'import {{ blocks }} from "STATIC/prose.js"; console.log(JSON.stringify(blocks({json.dumps(text)})))'
    )
    shown = [(block["kind"], text[block["start"] : block["end"]]) for block in blocks]
    assert shown == [
        ("p", "첫 줄\n둘째 줄"),
        ("item", "하나\n  이어서"),
        ("item", "더 깊이"),
        ("item", "차례"),
        ("code", "x = 1\n\ny"),
        ("h", "제목"),
        ("p", "끝"),
    ]


def test_rows_fall_into_cells():
    text = "앞말\n| 모델 | 층 |\n|---|:-:|\n| `a|b` | $P(x|y)$ [1] |\n항목 | 값 | 끝\n$p(a | b)$ 하나"
    rows = _run(f'import {{ blocks }} from "STATIC/prose.js"; console.log(JSON.stringify(blocks({json.dumps(text)})))')
    shown = [
        (row["kind"], row.get("head"), [text[c["start"] : c["end"]] for c in row.get("cells", [])]) for row in rows
    ]
    assert shown == [
        ("p", None, []),
        ("row", True, ["모델", "층"]),
        ("row", False, ["`a|b`", "$P(x|y)$ [1]"]),
        ("row", False, ["항목", "값", "끝"]),
        ("p", None, []),
    ]


def test_excerpts_are_bare():
    text = "## 제목\n> 인용\n- **굵게** `code`\n| a | b |\n|---|---|\n| 1 | 2 |\n```py\nx\n```"
    script = f'import {{ bare }} from "STATIC/prose.js"; console.log(JSON.stringify(bare({json.dumps(text)})))'
    assert _run(script) == "제목 인용 굵게 code a · b 1 · 2 x"


def test_emphasis_and_links_leave_their_words_and_products_their_stars():
    text = "*기울인* 말과 *두 낱말*은 [문서](a.md#b) ![그림](x.png) 2*3*4, a * b * c, **굵게**"
    script = f'import {{ bare }} from "STATIC/prose.js"; console.log(JSON.stringify(bare({json.dumps(text)})))'
    assert _run(script) == "기울인 말과 두 낱말은 문서 그림 2*3*4, a * b * c, 굵게"


def test_emphasis_and_links_are_drawn():
    script = """
    class Node { constructor(tag) { this.tag = tag; this.kids = []; }
      append(...kids) { this.kids.push(...kids.filter((kid) => kid !== "")); }
      setAttribute() {} }
    globalThis.Node = Node;
    globalThis.document = { createElement: (tag) => new Node(tag), createDocumentFragment: () => new Node("") };
    const { render } = await import("STATIC/prose.js");
    const flat = (node) => typeof node === "string" ? node : [node.tag, ...node.kids.map(flat)];
    console.log(JSON.stringify(flat(render("*가* **나 *다*** [라](b.md) 2*3*4 [1]"))));
    """
    drawn = ["p", ["em", "가"], " ", ["strong", "나 ", ["em", "다"]], " ", "라", " 2*3*4 [1]"]
    assert _run(script) == ["", drawn]


def test_every_word_of_the_page_is_there_in_both_languages():
    script = """
    globalThis.localStorage = { getItem: () => "ko", setItem() {} };
    const { t, switchLanguage } = await import("STATIC/words.js");
    const { readFileSync, readdirSync } = await import("node:fs");
    const folder = new URL("STATIC/");
    const names = readdirSync(folder).filter((name) => /\\.(js|html)$/.test(name));
    const sources = names.map((name) => readFileSync(new URL(name, folder), "utf8"));
    const used = new Set();
    for (const source of sources) {
      for (const match of source.matchAll(/\\bt\\("([a-z_0-9]+)"/g)) used.add(match[1]);
      for (const match of source.matchAll(/data-t(?:-label|-placeholder)?="([a-z_0-9]+)"/g)) used.add(match[1]);
    }
    const missing = [];
    for (const _ of [0, 1]) {
      for (const key of used) try { t(key); } catch { missing.push(key); }
      switchLanguage();
    }
    console.log(JSON.stringify([used.size, missing]));
    """.replace("STATIC/", STATIC.as_uri() + "/")
    count, missing = _run(script)  # type: ignore[misc]
    assert count > 40
    assert missing == []


def test_what_the_notes_ask_is_suggested():
    note = (
        "# 05. Attention\n\n## 2.1 왜 vanishing이 완화되나\n\n"
        "- **게이트는 왜 sigmoid, 후보는 왜 tanh?** 게이트는 0~1이라서.\n"
        "Q. RNN은 이제 안 쓰나요?\n- **임베딩 모델을 바꾸면?** 다시.\n- **Q. Which one first?** Rate.\n"
        "**$k$를 크게 하면 좋은가?**\n```py\n# 왜 코드인가요 정말로?\n```\n## 왜?\n"
        "## 왜 나누나 정말로 (중간고사)\n본문에서 묻는 말인가요?\n"
    )
    script = f"""
    import {{ questionsIn, spread, suggest }} from "STATIC/suggest.js";
    const notes = [{json.dumps(note)}, "# 물음 없음\\n\\n글.", {json.dumps(note)}, "## 어떻게 답을 만드나\\n"];
    const documents = notes.map((_, i) => ({{ doc_id: i }}));
    const load = async (i) => ({{ text: notes[i] }});
    console.log(JSON.stringify([questionsIn(notes[0]), spread(0), spread(2), await suggest(documents, load)]));
    """
    questions, none, two, suggested = _run(script)  # type: ignore[misc]
    assert questions == [
        "게이트는 왜 sigmoid, 후보는 왜 tanh?",
        "RNN은 이제 안 쓰나요?",
        "Which one first?",
        "왜 vanishing이 완화되나?",
        "왜 나누나 정말로?",
    ]
    assert none == []
    assert two == [0, 1]
    assert suggested == ["게이트는 왜 sigmoid, 후보는 왜 tanh?", "어떻게 답을 만드나?"]


def test_the_scope_of_before_is_in_force_again():
    script = """
    const store = new Map([["ask-notes.scope", '{"sources":["week1/"],"languages":["ko"]}']]);
    globalThis.localStorage = { getItem: () => "en", setItem() {} };
    globalThis.sessionStorage = { getItem: (key) => store.get(key) ?? null };
    globalThis.document = { getElementById: () => ({}) };
    const { inForce, parts } = await import("STATIC/scope.js");
    const first = inForce();
    first.sources.push("elsewhere");
    console.log(JSON.stringify([inForce(), parts(inForce()), parts({}), parts({ origins: ["klue"] })]));
    """
    scope, chips, none, klue = _run(script)  # type: ignore[misc]
    assert scope == {"sources": ["week1/"], "languages": ["ko"]}
    assert chips == [["sources", "week1/"], ["languages", "Korean notes"]]
    assert none == []
    assert klue == [["origins", "KLUE"]]


def test_every_word_of_a_scope_is_there_in_both_languages():
    script = """
    globalThis.localStorage = { getItem: () => "ko", setItem() {} };
    const { t, switchLanguage } = await import("STATIC/words.js");
    const words = ["sources", "origins", "languages", "notes", "klue", "ko", "en"];
    const korean = words.map((word) => t(`scope_${word}`));
    switchLanguage();
    console.log(JSON.stringify([korean, words.map((word) => t(`scope_${word}`))]));
    """
    korean, english = _run(script)  # type: ignore[misc]
    assert len({*korean, *english}) == 13  # KLUE is KLUE in both
