// The note behind a citation: a panel beside the conversation, a full sheet on a phone.

import { byId, el, icon } from "./dom.js";
import { toUtf16 } from "./offsets.js";
import { get } from "./server.js";
import { t } from "./words.js";

// A longer note is shown around its highlight first: a hundred thousand lines of DOM take seconds.
const WINDOW = 30000;

const dialog = byId("note");
const body = byId("note-body");
const narrow = matchMedia("(max-width: 900px)");
const kept = new Map();
let opener = null;
let latest = 0;

byId("note-close").append(icon("close"));
byId("note-close").addEventListener("click", () => closeNote());
dialog.addEventListener("close", closed);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  closeNote();
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && dialog.open) closeNote();
});
addEventListener("popstate", () => dialog.open && dialog.close());

// Open the note of `place` {doc_id, start, end, quote?}; offsets count code points.
export async function openNote(place) {
  const ticket = ++latest;
  show(place.title ?? place.source, place.source);
  body.replaceChildren(el("p", { class: "quiet" }, t("loading_note")));
  try {
    const note = await load(place.doc_id);
    if (ticket !== latest) return;
    byId("note-title").textContent = note.title || note.source;
    byId("note-source").textContent = note.source;
    draw(note.text, place);
  } catch (failure) {
    if (ticket === latest) body.replaceChildren(el("p", { class: "quiet" }, failure.words ?? String(failure)));
  }
}

// The list of what is indexed, in the same panel.
export function openList(documents, choose) {
  latest++;
  show(t("notes_title"), t("notes_text", { n: documents.length }));
  const items = documents.map((document_) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "document", onclick: () => choose(document_) },
        el("strong", {}, document_.title || document_.source),
        el("span", {}, `${document_.source} · ${t("characters", { n: document_.characters.toLocaleString() })}`),
      ),
    ),
  );
  body.replaceChildren(el("ul", { class: "documents" }, ...items));
  body.scrollTop = 0;
}

export function closeNote() {
  if (!dialog.open) return;
  if (history.state?.note) history.back();
  else dialog.close();
}

// A note's whole JSON, fetched once.
export async function load(docId) {
  if (!kept.has(docId)) kept.set(docId, await get(`/v1/documents/${encodeURIComponent(docId)}`));
  return kept.get(docId);
}

export function forgetNotes() {
  kept.clear();
}

function show(title, source) {
  byId("note-title").textContent = title;
  byId("note-source").textContent = source;
  if (dialog.open) return;
  opener = document.activeElement;
  if (narrow.matches) {
    // The phone's back button closes the sheet instead of leaving the page.
    history.pushState({ note: true }, "");
    dialog.showModal();
  } else {
    dialog.show();
  }
  document.body.classList.add("with-note");
  byId("note-title").focus({ preventScroll: true });
}

function closed() {
  document.body.classList.remove("with-note");
  latest++;
  opener?.focus?.({ preventScroll: true });
}

function draw(text, place, whole = false) {
  const at = toUtf16(text);
  let [start, end] = [at(place.start ?? 0), at(place.end ?? 0)];
  const moved = place.quote !== undefined && text.slice(start, end) !== place.quote;
  if (moved) {
    start = Math.max(0, text.indexOf(place.quote));
    end = text.includes(place.quote) ? start + place.quote.length : start;
  }
  const cut = !whole && text.length > 3 * WINDOW;
  const from = cut ? lineStart(text, Math.max(0, start - WINDOW)) : 0;
  const to = cut ? Math.min(text.length, end + WINDOW) : text.length;
  const article = el("article", { class: "note-text" });
  lines(article, text, from, to, start, end);
  const all = cut && el("button", { type: "button", class: "plain", onclick: () => draw(text, place, true) }, t("whole_note"));
  body.replaceChildren(moved && end === start ? el("p", { class: "quiet" }, t("changed_note")) : "", all || "", article);
  const hit = article.querySelector("mark");
  if (hit) hit.scrollIntoView({ block: "center" });
  else body.scrollTop = 0;
}

const lineStart = (text, position) => text.lastIndexOf("\n", position) + 1;

// The note's own characters, line by line; only their looks differ.
function lines(parent, text, from, to, start, end) {
  let code = (text.slice(0, from).match(/^\s*(```|~~~)/gm)?.length ?? 0) % 2 === 1;
  let position = from;
  for (const line of text.slice(from, to).split("\n")) {
    const fence = /^\s*(```|~~~)/.test(line);
    const row = el("div", { class: `line ${kind(line, code || fence)}` });
    if (fence) code = !code;
    piece(row, text, position, position + line.length, start, end);
    if (!line) row.append(el("br"));
    parent.append(row);
    position += line.length + 1;
  }
}

function kind(line, code) {
  if (code) return "code";
  const heading = /^(#{1,6})\s/.exec(line);
  if (heading) return `h h${heading[1].length}`;
  if (/^\s*\|/.test(line)) return "table";
  if (/^\s*>/.test(line)) return "cited";
  if (/^\s*([-*+]|\d{1,3}[.)])\s/.test(line)) return "item";
  return line.trim() ? "" : "blank";
}

// Markdown's own signs, and what stands between them: dimmed, bold, monospaced; no character is lost.
const SIGNS = /^\s*(?:#{1,6}|>)\s|\*\*|`+/g;

function styles(line, offset) {
  const ranges = [];
  let bold = -1;
  let code = -1;
  for (const match of line.matchAll(SIGNS)) {
    const from = offset + match.index;
    const to = from + match[0].length;
    if (code < 0 || match[0][0] === "`") ranges.push({ from, to, as: "sign" });
    if (match[0] === "**" && code < 0) {
      if (bold >= 0) ranges.push({ from: bold, to: from, as: "b" });
      bold = bold >= 0 ? -1 : to;
    } else if (match[0][0] === "`") {
      if (code >= 0) ranges.push({ from: code, to: from, as: "c" });
      code = code >= 0 ? -1 : to;
    }
  }
  return ranges;
}

function piece(row, text, from, to, start, end) {
  const ranges = row.classList.contains("code") ? [] : styles(text.slice(from, to), from);
  const inside = (position) => Math.min(Math.max(position, from), to);
  const edges = [from, to, inside(start), inside(end), ...ranges.flatMap((range) => [range.from, range.to])];
  const cuts = [...new Set(edges)].sort((a, b) => a - b);
  let mark = null;
  for (const [i, a] of cuts.slice(0, -1).entries()) {
    const b = cuts[i + 1];
    const looks = ranges.filter((range) => range.from <= a && b <= range.to).map((range) => range.as);
    const part = looks.length ? el("span", { class: looks.join(" ") }, text.slice(a, b)) : text.slice(a, b);
    if (a >= start && b <= end) {
      if (!mark) row.append((mark = el("mark")));
      mark.append(part);
    } else {
      mark = null;
      row.append(part);
    }
  }
}
