"""Shapes that real notes take, and a generator of worse ones."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

LONG_WORD = "가나다라마바사아자차" * 1000
TABLE = "| 이름 | 값 |\n|---|---|\n" + "".join(f"| 항목 {n} | {n * n} |\n" for n in range(200))

SHAPES = {
    "plain paragraphs": "첫 문단이다.\n\n둘째 문단이다.\n",
    "crlf": "# 제목\r\n\r\n본문이다.\r\n- 하나\r\n- 둘\r\n",
    "byte-order mark": "\ufeff# 제목\n\n본문이다.\n",
    "decomposed hangul": unicodedata.normalize("NFD", "# 한글 제목\n\n받침 있는 글자, é와 ñ도 있다.\n"),
    "tabs": "#\t제목\n\n\t들여쓴 코드\n\t둘째 줄\n\n-\t하나\n\t-\t안쪽\n",
    "nested lists": "- 하나\n  - 안쪽\n    1. 더 안쪽\n       ```python\n       x = 1\n       ```\n"
    "  - 둘째\n\n    문단\n- 셋\n",
    "a table too long": f"# 표\n\n{TABLE}\n끝.\n",
    "one line without spaces": f"# 긴 줄\n\n{LONG_WORD}\n",
    "one latin line without spaces": f"![그림](data:image/png;base64,{'aB3+/' * 2000})\n",
    "a fence never closed": "# 코드\n\n```python\ndef f():\n    return 1\n# 제목이 아니다\n",
    "a fence too long": "```python\n" + "".join(f"value_{n} = compute({n})\n" for n in range(300)) + "```\n",
    "setext headings": "큰 제목\n======\n\n본문.\n\n작은 제목\n---\n\n본문 둘.\n",
    "a paragraph that becomes a heading": "긴 문단의 첫 줄이다.\n둘째 줄도 있다.\n---\n\n그다음 문단이다.\n",
    "front matter": "---\ntitle: 노트\ntags: [a, b]\n---\n\n# 제목\n\n본문.\n",
    "front matter alone": "---\ntitle: 노트\n---\n",
    "front matter never closed": "---\ntitle: 노트\n\n# 제목\n\n본문.\n",
    "a rule first": "---\n\n# 하나\n\n본문 하나.\n\n---\n\n# 둘\n\n본문 둘.\n",
    "mdx": "import X from './x'\n\nexport const a = 1\n\n# 제목 {#id}\n\n"
    "<Tip warning={true}>\n\n조심하라.\n\n</Tip>\n\n{a}\n",
    "display math": "# 식\n\n앞말.\n\n$$\n\\begin{aligned}\na &= b \\\\\n\n- c &= d\n\\end{aligned}\n$$\n\n뒷말.\n",
    "a lone $$": "가격은 $$ 이다.\n\n# 다음\n\n본문.\n",
    "emoji": "# 😀 제목\n\n👨‍👩‍👧‍👦 가족과 🇰🇷 깃발, 수학 글자 𝒳와 𝔸, 드문 한자 𠮷.\n\n- 😀\n- 🧭\n",
    "link definitions": "[글][1]을 보라.\n\n[1]: https://example.org/a\n[2]: https://example.org/b\n\n끝.\n",
    "html": "<details>\n<summary>펼치기</summary>\n\n내용\n\n</details>\n\n<!-- 주석\n\n여러 줄 -->\n",
    "quotes": "> 인용이다.\n> - 목록\n>\n> ```\n> 코드\n> ```\n이어진 줄\n",
    "headings only": "# 하나\n## 둘\n### 셋\n# 넷\n",
    "headings that skip levels": "### 셋\n\n본문.\n\n# 하나\n\n본문.\n\n###### 여섯\n\n본문.\n",
    "a very long heading": "# " + "아주 긴 제목 " * 80 + "\n\n본문.\n",
    "odd white space": "가\x0b나\x0c다\x85라\u2028마\u2029바\u3000사\u00a0아\u200b자\n\n\x1c\x1d\n끝\n",
    "no line end": "# 제목\n본문",
    "blank lines galore": "\n\n\n가\n\n\n\n\n나\n\n\n",
    "repeated blocks": "같은 문단이다.\n\n" * 40,
    "html table": "<table>\n<tr><td>1</td></tr>\n\n<tr><td>2</td></tr>\n</table>\n",
    "wide table": "| 이름" + " " * 400 + "| 값" + " " * 400 + "|\n|---|---|\n"
    + "".join(f"| 항목 {n}{' ' * 400}| {n}{' ' * 400}|\n" for n in range(20)),
}  # fmt: skip

TEXT_SHAPES = {
    "numbered headings": "1 서론\n본문.\n\n1.2 제목\n본문이다.\n1.2.1 더 깊은 제목\n본문.\n\n"
    "1.2.2. Title\nText here.\n",
    "a list of numbers": "1.5 리터를 마셨다.\n2.5 킬로미터를 뛰었다.\n\n3.14\n",
    "markdown in a text file": "# 제목\n\n1.1 개요\n\n- 하나\n- 둘\n\n1.2.1 제목\n\n본문\n",
    "exported lines": "제목\n문장이다.다음 문장이다.또 있다.\n\n\n끝",
}

LINES = st.sampled_from(
    ["", "", "# 제목", "## Heading `code`", "####### no heading", "=====", "---", "- 하나", "  - 둘", "1. 셋", "\t코드",
     "    indented", "```", "```python", "~~~", "| a | b |", "|---|---|", "> 인용", "$$", "$$ x $$", "<div>", "</div>",
     "본문이다. 다음 문장이다.", "Text with words. More of it.", "1.2.1 제목", "[1]: http://x", "<!--", "-->", "😀 𠮷",
     "가" * 300, "word " * 60, "\\", "***", "+++", "* * *", "  ", "\u3000", "a\x0bb\x85c\u2028d",
     "[UNK] [SEP]", "e\u0301"]
)  # fmt: skip
MARKDOWN = st.lists(LINES | st.text(max_size=12), max_size=30).map("\n".join)
