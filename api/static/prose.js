// An answer as DOM: paragraphs, lists, code, bold, markers as buttons, doubtful sentences marked.
// A small part of Markdown, enough for what generators write; everything else stays as it was written.

import { el } from "./dom.js";

const FENCE = /^\s*(```|~~~)/;
const ITEM = /^(\s*)([-*+]|\d{1,3}[.)])\s+/;
const HEADING = /^#{1,6}\s+/;
const RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
// A bar between cells; one inside code or a formula is none.
const BAR = /`[^`]*`|\$[^$]*\$|\\\||(\|)/g;
// Code, bold, emphasis, a link or picture (its words are shown, its address is not), a marker. A star between Latin
// letters or digits is a product.
const LINK = /!?\[([^\]\n]+)\]\([^)\s]+\)/g;
const EMPHASIS = /(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])/g;
const INLINE = new RegExp(`\`[^\`\\n]+\`|\\*\\*[^\\n]+?\\*\\*(?!\\*)|${EMPHASIS.source}|${LINK.source}|\\[\\d{1,3}\\]`, "g");

// Blocks of `text` as UTF-16 ranges: {kind: "p" | "h" | "code" | "item" | "row", start, end, ordered, depth, cells, head}.
export function blocks(text) {
  const found = [];
  let open = null;
  let fence = null;
  let position = 0;
  for (const line of text.split("\n")) {
    const end = position + line.length;
    const item = ITEM.exec(line);
    const cells = cellsOf(line, position);
    if (fence) {
      if (FENCE.test(line)) fence = null;
      else fence.end = end;
      open = null;
    } else if (FENCE.test(line)) {
      fence = { kind: "code", start: end + 1, end: end + 1 };
      found.push(fence);
      open = null;
    } else if (!line.trim()) {
      open = null;
    } else if (RULE.test(line) && found.at(-1)?.kind === "row") {
      found.at(-1).head = true;
      open = null;
    } else if (cells.length > 1) {
      found.push({ kind: "row", start: position, end, cells, head: false });
      open = null;
    } else if (item) {
      const ordered = /\d/.test(item[2]);
      open = { kind: "item", start: position + item[0].length, end, ordered, depth: item[1].length >= 2 ? 1 : 0 };
      open.number = ordered ? parseInt(item[2], 10) : undefined;
      found.push(open);
    } else if (HEADING.test(line)) {
      found.push({ kind: "h", start: position + HEADING.exec(line)[0].length, end });
      open = null;
    } else if (open) {
      open.end = end;
    } else {
      open = { kind: "p", start: position, end };
      found.push(open);
    }
    position = end + 1;
  }
  return found;
}

// The cells of a line that begins at `position`, as ranges without the space around them; one for a line without bars.
function cellsOf(line, position) {
  const bars = [...line.matchAll(BAR)].filter((match) => match[1]).map((match) => match.index);
  const edges = [-1, ...bars, line.length];
  const cells = [];
  for (let place = 0; place + 1 < edges.length; place += 1) {
    const from = edges[place] + 1;
    const words = line.slice(from, edges[place + 1]);
    const outside = place === 0 || place + 2 === edges.length;
    if (outside && !words.trim()) continue;
    const start = position + from + words.length - words.trimStart().length;
    cells.push({ start, end: start + words.trim().length });
  }
  return cells;
}

// `text` in one line without Markdown's signs, for excerpts.
export function bare(text) {
  return text
    .replace(/^\s*(```|~~~).*$/gm, "")
    .replace(/^\s*(#{1,6}|>|[-*+])\s+/gm, "")
    .replace(/^\s*\|?[-:| ]{3,}\|?\s*$/gm, "")
    .replace(/\*\*|`/g, "")
    .replace(LINK, "$1")
    .replace(EMPHASIS, "$1")
    .replace(/^\s*\||\|\s*$/gm, "")
    .replace(/\s*\|\s*/g, " · ")
    .replace(/\s+/g, " ")
    .trim();
}

// `weak`: UTF-16 ranges {start, end, support, label}; `marker(number)`: a button, or null to leave the text.
export function render(text, { weak = [], marker = () => null } = {}) {
  const fragment = document.createDocumentFragment();
  let list = null;
  let table = null;
  for (const block of blocks(text)) {
    if (block.kind !== "item") list = null;
    if (block.kind !== "row") table = null;
    if (block.kind === "code") {
      fragment.append(el("pre", {}, el("code", {}, text.slice(block.start, Math.min(block.end, text.length)))));
    } else if (block.kind === "row") {
      if (!table) {
        table = el("tbody");
        fragment.append(el("div", { class: "rows" }, el("table", {}, table)));
      }
      const row = el("tr");
      table.append(row);
      for (const { start, end } of block.cells) {
        const cell = el(block.head ? "th" : "td");
        row.append(cell);
        inline(cell, text, start, end, weak, marker);
      }
    } else if (block.kind === "item") {
      const tag = block.ordered ? "ol" : "ul";
      if (list?.localName !== tag) {
        list = el(tag, { start: block.ordered && block.number !== 1 ? block.number : null });
        fragment.append(list);
      }
      const item = el("li", { class: block.depth ? "deeper" : null });
      list.append(item);
      inline(item, text, block.start, block.end, weak, marker);
    } else {
      const paragraph = el("p", { class: block.kind === "h" ? "heading" : null });
      fragment.append(paragraph);
      inline(paragraph, text, block.start, block.end, weak, marker);
    }
  }
  return fragment;
}

function inline(parent, text, start, end, weak, marker) {
  let done = start;
  for (const match of text.slice(start, end).matchAll(INLINE)) {
    const from = start + match.index;
    const to = from + match[0].length;
    const link = match[2] !== undefined;
    const reference = match[0][0] === "[" && !link;
    const button = reference ? marker(parseInt(match[0].slice(1), 10)) : null;
    if (reference && !button) continue;
    if (button) {
      // The marker stays on the line of the word it belongs to: a button may break off even from a no-break space.
      const spaced = text[from - 1] === " " && from - 1 >= done;
      plain(parent, text, done, spaced ? from - 1 : from, weak);
      parent.append(el("span", { class: "glued" }, spaced ? "\u00a0" : "", button));
      done = to;
      continue;
    }
    plain(parent, text, done, from, weak);
    if (match[0][0] === "`") {
      const code = el("code");
      plain(code, text, from + 1, to - 1, []);
      parent.append(marked(code, from, weak));
    } else if (link) {
      const label = from + match[0].indexOf("[") + 1;
      inline(parent, text, label, label + match[2].length, weak, marker);
    } else {
      const signs = match[0].startsWith("**") ? 2 : 1;
      const strong = el(signs === 2 ? "strong" : "em");
      inline(strong, text, from + signs, to - signs, weak, marker);
      parent.append(strong);
    }
    done = to;
  }
  plain(parent, text, done, end, weak);
}

function plain(parent, text, start, end, weak) {
  let position = start;
  for (const range of weak) {
    const from = Math.max(range.start, position);
    const to = Math.min(range.end, end);
    if (from >= to) continue;
    parent.append(text.slice(position, from));
    parent.append(doubtful(range, text.slice(from, to)));
    position = to;
  }
  parent.append(text.slice(position, end));
}

function marked(element, at, weak) {
  const range = weak.find((candidate) => candidate.start <= at && at < candidate.end);
  return range ? doubtful(range, element) : element;
}

function doubtful(range, child) {
  return el("span", { class: `weak ${range.support}`, title: range.label }, child);
}
