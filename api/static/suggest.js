// Questions to begin with: those that the notes themselves ask, because the notes answer them.

import { bare } from "./prose.js";

const WANTED = 3;
const FENCE = /^\s*(```|~~~)/;
// A heading, or what a line sets in bold or begins with Q.
const HEADING = /^#{1,6}\s+(?:[\d.]+\s+)?(.+?)\s*#*$/;
const BOLD = /\*\*([^*]+[?？])\*\*/;
const ASKED = /^\s*(?:[-*+]\s+)?Q\d*[.:]\s*(.+[?？])\s*$/;
const ASKS = /^(왜|어떻게|무엇을|언제|why|how|what|which|when)\s/i;
// A whole question, not "바꾸면?", which says nothing without what stands around it.
const WHOLE = /(?:나|가|까|요|죠)[?？]$|왜|어떻게|무엇|얼마|언제/;

// The questions of a note, those before headings whose answer follows in the same breath; formulas and
// code would look strange on a button.
export function questionsIn(text) {
  const found = [];
  const headings = [];
  let code = false;
  for (const line of text.split("\n")) {
    if (FENCE.test(line)) code = !code;
    if (code) continue;
    const heading = HEADING.exec(line)?.[1];
    const words = heading ?? BOLD.exec(line)?.[1] ?? ASKED.exec(line)?.[1];
    if (!words || /[$\\`|<]/.test(words)) continue;
    let question = bare(words).replace(/^Q\d*[.:]\s*/, "").replace(/\s*\([^)]*\)$/, "");
    if (heading && ASKS.test(question) && !/[?？]$/.test(question)) question += "?";
    if (question.length < 8 || question.length > 60) continue;
    if (!/[?？]$/.test(question) || !(WHOLE.test(question) || ASKS.test(question))) continue;
    (heading ? headings : found).push(question);
  }
  return [...found, ...headings];
}

// Up to three questions, each of another note, spread over the whole course.
export async function suggest(documents, load) {
  const found = [];
  for (const place of spread(documents.length)) {
    const [first] = questionsIn((await load(documents[place].doc_id)).text);
    if (first && !found.includes(first)) found.push(first);
    if (found.length === WANTED) break;
  }
  return found;
}

// Which of `count` to look at, far apart first: 0.15, 0.5, 0.85, and then between them.
export function spread(count) {
  const parts = [0.15, 0.5, 0.85, 0.3, 0.7, 0, 1, 0.4, 0.6];
  return [...new Set(parts.map((part) => Math.min(count - 1, Math.floor(part * count))))].filter((place) => place >= 0);
}
