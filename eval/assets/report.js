"use strict";
// The list of questions. Data comes from the block #data; every text goes in through textContent.
(function () {
  const root = document.documentElement;
  const names = JSON.parse(document.getElementById("names").textContent);
  const words = {
    all: ["all", "모두"], search: ["search questions and answers", "질문과 답변에서 찾기"], every: ["everything", "전체"],
    gold: ["gold answer", "정답"], removed: ["gold answer (removed from the notes)", "정답 (노트에서 뺌)"],
    answer: ["answer", "답변"], refused: ["refused: the notes don't say", "거절: 노트에 답이 없음"], unasked: ["no answer was asked for", "답을 묻지 않음"],
    nothing: ["no answer came", "답이 오지 않음"], evidence: ["gold evidence", "정답 근거"], citations: ["citations", "인용"], passages: ["passages found", "찾은 구절"],
    hit: ["gold evidence", "정답 근거"], away: ["The text of this passage is in passages.jsonl.", "이 구절의 글은 passages.jsonl에 있습니다."],
    missed: ["gold document, not found", "찾지 못한 정답 문서"], none: ["no answer in the notes", "노트에 답이 없음"], scores: ["scores", "점수"],
    found: ["questions", "개 질문"], order: ["data set order", "데이터셋 순서"], slow: ["slowest first", "느린 순"], more: ["more passages", "구절 더 보기"],
    supported: ["supported", "뒷받침됨"], partly: ["partly supported", "일부 뒷받침"], altered: ["altered", "바뀜"], unsupported: ["unsupported", "뒷받침 없음"],
    unscored: ["unscored", "채점 안 됨"], old: ["This browser cannot unpack the list of questions; results.jsonl holds the same.", "이 브라우저는 질문 목록을 풀 수 없습니다. results.jsonl에 같은 내용이 있습니다."],
    unspanned: ["no evidence", "근거 없음"],
  };
  let data = null, shown = [], drawn = 0, failure = null, slice = "", query = "", order = "order";
  const list = document.getElementById("list"), controls = document.getElementById("controls"), end = document.getElementById("end");

  const korean = () => root.dataset.show === "ko";
  const say = (key) => words[key][korean() ? 1 : 0];
  const called = (kind, name) => (names[kind][name] ? names[kind][name][korean() ? "ko" : "en"] : name);

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function setLanguage(language) {
    root.dataset.show = root.lang = language;
    for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", String(button.dataset.language === language));
    if (data) { drawControls(); refresh(); }
  }

  async function unpack() {
    const packed = atob(document.getElementById("data").textContent), bytes = new Uint8Array(packed.length);
    for (let place = 0; place < packed.length; place++) bytes[place] = packed.charCodeAt(place);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  }

  function drawControls() {
    controls.replaceChildren();
    const chips = make("div", "chips");
    const counts = new Map();
    for (const question of data.questions) counts.set(question.f, (counts.get(question.f) || 0) + 1);
    const chip = (value, label, count) => {
      const button = make("button", "chip");
      button.type = "button";
      button.setAttribute("aria-pressed", String(failure === value));
      if (value !== null) button.append(make("span", "spot f" + value));
      button.append(label + " ", make("b", "", count.toLocaleString()));
      button.addEventListener("click", () => { failure = failure === value ? null : value; drawControls(); refresh(); });
      chips.append(button);
    };
    chip(null, say("all"), data.questions.length);
    data.failures.forEach((name, index) => { if (counts.get(index)) chip(index, called("failures", name), counts.get(index)); });
    if (counts.get(-1)) chip(-1, say("unscored"), counts.get(-1));
    const find = make("div", "find");
    const input = make("input");
    input.type = "search"; input.value = query; input.placeholder = say("search"); input.setAttribute("aria-label", say("search"));
    let waiting = 0;
    input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { query = input.value; refresh(); }, 120); });
    find.append(input, select(sliceOptions(), slice, (value) => { slice = value; refresh(); }));
    find.append(select([["order", say("order")], ["slow", say("slow")]], order, (value) => { order = value; refresh(); }));
    controls.append(chips, find);
  }

  function select(options, current, change) {
    const element = make("select");
    for (const [value, label] of options) {
      const option = make("option", "", label);
      option.value = value; option.selected = value === current;
      element.append(option);
    }
    element.addEventListener("change", () => change(element.value));
    return element;
  }

  function sliceOptions() {
    const found = new Map();
    for (const question of data.questions) for (const [name, value] of Object.entries(question.x)) {
      const key = name + "\u0000" + value;
      found.set(key, (found.get(key) || 0) + 1);
    }
    const options = [...found].filter(([, count]) => count < data.questions.length).sort((a, b) => (a[0] < b[0] ? -1 : 1)).slice(0, 200);
    return [["", say("every")], ...options.map(([key, count]) => [key, key.replace("\u0000", ": ") + " (" + count + ")"])];
  }

  const text = (question) => (question.h = question.h || [question.i, question.q, question.a, ...question.g].join("\n").normalize("NFC").toLowerCase());

  function refresh() {
    const wanted = query.trim().normalize("NFC").toLowerCase();
    const [name, value] = slice.split("\u0000");
    shown = data.questions.filter((question) => (failure === null || question.f === failure) && (!slice || question.x[name] === value) && (!wanted || text(question).includes(wanted)));
    if (order === "slow") {
      const column = data.metrics.indexOf("total_ms");
      shown.sort((a, b) => (b.s[column] || 0) - (a.s[column] || 0));
    }
    drawn = 0;
    list.replaceChildren(make("p", "found", korean() ? shown.length.toLocaleString() + say("found") : shown.length.toLocaleString() + " " + say("found")));
    drawMore();
  }

  function drawMore() {
    const some = document.createDocumentFragment();
    for (const question of shown.slice(drawn, drawn + 40)) some.append(item(question));
    drawn = Math.min(shown.length, drawn + 40);
    list.append(some);
    // A tall screen may still see the end: the observer only speaks when that changes.
    if (drawn < shown.length && end.getBoundingClientRect().top < innerHeight + 400) requestAnimationFrame(drawMore);
  }

  function rank(question) {
    const place = question.p.findIndex((passage) => passage[4]);
    return place < 0 ? (question.n || !(question.e.length || question.d) ? "" : "#–") : "#" + (place + 1);
  }

  function item(question) {
    const details = make("details", "item"), summary = make("summary");
    const spot = make("span", "spot f" + question.f);
    spot.title = question.f < 0 ? say("unscored") : called("failures", data.failures[question.f]);
    const brief = question.a === null ? "" : question.r ? say("refused") : question.a;
    const side = make("span", "side", rank(question));
    side.title = say("hit");
    summary.append(spot, make("span", "asks", question.q), side, make("span", "brief", brief));
    details.append(summary);
    details.addEventListener("toggle", () => { if (details.open && details.childElementCount === 1) details.append(inside(question)); });
    return details;
  }

  function part(title, ...content) {
    const element = make("div", "part");
    element.append(make("h4", "", title), ...content);
    return element;
  }

  function inside(question) {
    const box = make("div", "inside"), left = make("div"), right = make("div");
    const state = make("p", "part verdict-line", question.f < 0 ? say("unscored") + ((question.u || {}).failure ? ": " + question.u.failure : "") : called("failures", data.failures[question.f]));
    state.prepend(make("span", "spot f" + question.f), " ");
    state.firstChild.style.display = "inline-block";
    left.append(state);
    if (question.g.length) {
      const golds = make("p");
      for (const gold of question.g) golds.append(make("span", "goldtext", gold));
      left.append(part(say(question.l ? "removed" : "gold"), golds));
    } else if (question.n) left.append(part(say("gold"), make("p", "none-said", say("none"))));
    const jumps = new Map();
    left.append(part(say("answer"), answer(question, jumps)));
    if (question.c.length) left.append(part(say("citations"), quotes(question, jumps)));
    if (question.e.length) {
      const quoted = make("div");
      for (const words of question.e) quoted.append(make("p", "says-it", words));
      left.append(part(say("evidence"), quoted));
    }
    left.append(part(say("scores"), scores(question)));
    right.append(part(say("passages"), ...passages(question, jumps)));
    box.append(left, right);
    return box;
  }

  function answer(question, jumps) {
    if (question.a === null) return make("p", "none-said", (question.u || {}).answer ? say("nothing") + ": " + question.u.answer : say("unasked"));
    const element = make("p", question.r ? "says-it none-said" : "says-it");
    const markers = new Map(question.c.map((citation) => [String(citation[0]), citation]));
    for (const piece of question.a.split(/(\[\d{1,3}\])/)) {
      const number = piece.slice(1, -1);
      if (/^\[\d+\]$/.test(piece) && markers.has(number)) element.append(cite(number, jumps));
      else element.append(piece);
    }
    return element;
  }

  function cite(number, jumps) {
    const button = make("button", "cite", number);
    button.type = "button";
    button.addEventListener("click", () => {
      const target = jumps.get(String(number));
      if (!target) return;
      target.closest("details").open = true;
      target.scrollIntoView({ block: "nearest", behavior: "smooth" });
    });
    return button;
  }

  function quotes(question, jumps) {
    const element = make("ul", "quotes");
    for (const [marker, support, source, quote] of question.c) {
      const line = make("li");
      line.append(cite(String(marker), jumps), "“" + quote + "”", make("span", "support " + support, words[support] ? say(support) : support), make("small", "", " " + source));
      element.append(line);
    }
    return element;
  }

  function passages(question, jumps) {
    const rows = question.p.map((row, index) => ({ rank: index + 1, row }));
    const lost = (question.d || []).map(([doc, segment, start, stop]) => ({ rank: 0, row: [doc, segment, start, stop, 1, "", null] }));
    const cited = (row) => question.c.some((citation) => citation[4] >= 0 && citation[4] === row[1] && citation[5] >= row[2] && citation[6] <= row[3]);
    const first = rows.filter(({ rank, row }) => rank <= 5 || row[4] || cited(row)), rest = rows.filter((row) => !first.includes(row));
    const elements = [...first, ...lost].map((entry) => passage(question, entry, jumps, cited(entry.row) || entry.row[4] || entry.rank === 1));
    if (rest.length) {
      const button = make("button", "more", rest.length + " " + say("more"));
      button.type = "button";
      button.addEventListener("click", () => button.replaceWith(...rest.map((entry) => passage(question, entry, jumps, false))));
      elements.push(button);
    }
    return elements.length ? elements : [make("p", "none-said", "–")];
  }

  function passage(question, { rank, row }, jumps, open) {
    const [doc, segment, start, stop, hit, heading] = row;
    const [source, title] = data.documents[doc] || ["", ""];
    const details = make("details", hit ? "passage hit" : "passage"), summary = make("summary");
    const path = heading ? heading.split(" > ") : [], named = title || source;
    summary.append(make("b", "", rank || "–"), make("span", "", (path[0] === named ? path : [named, ...path]).join(" › ")));
    summary.title = source;
    if (hit) summary.append(make("em", "", say(rank ? "hit" : "missed")));
    details.append(summary);
    details.open = Boolean(open);
    const body = make("div", segment < 0 ? "text away" : "text");
    if (segment < 0) body.textContent = say("away");
    else marked(body, data.segments[segment].t, start, stop, spans(question, segment, start, stop, hit), jumps);
    details.append(body);
    return details;
  }

  function spans(question, segment, start, stop, hit) {
    const found = [];
    for (const citation of question.c) if (citation[4] === segment && citation[5] >= start && citation[6] <= stop) found.push([citation[5], citation[6], String(citation[0])]);
    if (!hit) return found;
    const whole = data.segments[segment].t.slice(start, stop);
    const wanted = question.e.length ? question.e : question.g;
    for (const words of wanted) {
      const pattern = words.trim().split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+");
      const match = pattern && new RegExp(pattern).exec(whole);
      if (match) found.push([start + match.index, start + match.index + match[0].length, null]);
    }
    return found;
  }

  // Citations and gold may overlap: cut at every edge, then wrap each piece in what covers it.
  function marked(element, source, start, stop, found, jumps) {
    const edges = [...new Set([start, stop, ...found.flatMap(([from, to]) => [from, to])])].sort((a, b) => a - b);
    for (let place = 0; place + 1 < edges.length; place++) {
      const [from, to] = [edges[place], edges[place + 1]];
      const over = found.filter((span) => span[0] <= from && span[1] >= to);
      const citation = over.find((span) => span[2] !== null);
      const piece = over.length ? make(citation ? "mark" : "span", over.some((span) => span[2] === null) ? "is-gold" : "") : null;
      if (!piece) { element.append(source.slice(from, to)); continue; }
      for (const span of over) if (span[2] !== null && span[0] === from) {
        const badge = make("i", "no", span[2]);
        piece.append(badge);
        jumps.set(span[2], badge);
      }
      piece.append(source.slice(from, to));
      element.append(piece);
    }
  }

  function scores(question) {
    const element = make("div", "scores");
    data.metrics.forEach((name, index) => {
      const value = question.s[index];
      if (value === null) return;
      const unit = (names.metrics[name] || {}).unit;
      const entry = make("span", "", name + " ");
      entry.append(make("b", "", unit === "ms" ? Math.round(value).toLocaleString() + " ms" : unit === "tokens" ? value.toLocaleString() : value.toFixed(value === 0 || value === 1 ? 0 : 3)));
      element.append(entry);
    });
    element.append(make("span", "", question.i));
    return element;
  }

  for (const button of document.querySelectorAll("[data-language]")) button.addEventListener("click", () => setLanguage(button.dataset.language));
  document.querySelector(".switch").hidden = false;
  for (const link of document.querySelectorAll("[data-failure]")) link.addEventListener("click", () => {
    if (!data) return;
    failure = data.failures.indexOf(link.dataset.failure);
    drawControls();
    refresh();
  });
  // report.html#lang=ko and report.html#question=q017 can be passed on to somebody.
  const linked = new URLSearchParams(location.hash.slice(1)), asked = linked.get("lang");
  setLanguage(asked === "ko" || asked === "en" ? asked : (navigator.language || "").startsWith("ko") ? "ko" : "en");
  if (!("DecompressionStream" in window)) { list.append(make("p", "none-said", say("old"))); return; }
  unpack().then((unpacked) => {
    data = unpacked;
    query = linked.get("question") || "";
    drawControls();
    refresh();
    if (query && list.querySelector("details")) {
      list.querySelector("details").open = true;
      document.getElementById("questions").scrollIntoView({ behavior: "instant" });
    }
    root.dataset.ready = "yes";
    new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting) && drawn < shown.length) drawMore(); }, { rootMargin: "600px" }).observe(end);
  });
})();
