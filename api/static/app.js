// The page: what is ready, the question box, the conversation.

import { byId, copyText, el, icon } from "./dom.js";
import { closeNote, forgetNotes, load, openList, openNote } from "./note.js";
import { closeScope, drawScope, inForce } from "./scope.js";
import { ask, get, keepKey } from "./server.js";
import { suggest } from "./suggest.js";
import { Turn } from "./turn.js";
import { language, switchLanguage, t, translatePage } from "./words.js";

const KEPT = "ask-notes.turns";
const THEME = "ask-notes.theme";
const HISTORY_TURNS = 6;
const KEPT_TURNS = 30;
const LOOK_AGAIN_MS = 3000;

const question = byId("question");
const send = byId("send");
const welcome = byId("welcome");
const banner = byId("banner");
const turns = [];
let documents = [];
let unready = null; // the Failure that /readyz answered with
let fallbacks = []; // what is not the first choice, and why
let fallbacksKo = [];
let running = null; // the AbortController of the answer on its way
let timer = 0;

// ---------------------------------------------------------------- what is ready

async function look() {
  clearTimeout(timer);
  try {
    ({ fallbacks, fallbacks_ko: fallbacksKo } = await get("/readyz"));
    ({ documents } = await get("/v1/documents"));
    unready = null;
    forgetNotes();
  } catch (failure) {
    unready = failure;
    timer = setTimeout(look, LOOK_AGAIN_MS);
  }
  drawAround();
}

function drawAround() {
  const count = byId("notes-count");
  count.textContent = documents.length;
  byId("notes").hidden = !documents.length;
  byId("new").hidden = !turns.length;
  drawBanner();
  drawWelcome();
  drawScope(documents);
}

function drawBanner() {
  const told = JSON.stringify(fallbacks);
  banner.hidden = true;
  if (unready?.code === "unauthorized") {
    const input = el("input", { type: "password", "aria-label": t("key_label"), placeholder: t("key_label"), autocomplete: "current-password" });
    const save = (event) => {
      event.preventDefault();
      keepKey(input.value.trim());
      look();
    };
    banner.replaceChildren(el("span", {}, t("key_text")), el("form", { onsubmit: save }, input, el("button", { class: "small" }, t("key_save"))));
    clearTimeout(timer);
    banner.hidden = false;
  } else if (!unready && fallbacks.length && localStorage.getItem("ask-notes.told") !== told) {
    const dismiss = () => {
      localStorage.setItem("ask-notes.told", told);
      banner.hidden = true;
    };
    const why = el("div", {}, el("b", {}, t("fell_back")), ...(language === "ko" ? fallbacksKo : fallbacks).map((text) => el("p", {}, text)));
    banner.replaceChildren(why, el("button", { type: "button", class: "small", onclick: dismiss }, t("dismiss")));
    banner.hidden = false;
  }
}

function drawWelcome() {
  welcome.hidden = turns.length > 0;
  if (welcome.hidden) return;
  if (unready && unready.code !== "unauthorized") welcome.replaceChildren(...setup());
  else welcome.replaceChildren(el("h2", {}, t("welcome_title")), el("p", { class: "lead" }, t("welcome_text")), suggestions());
}

function setup() {
  if (unready.code === "no_index") {
    const command = "ask-notes ingest notes/";
    const copy = el("button", { type: "button", class: "plain icon", "aria-label": t("copy"), onclick: () => copyText(command) }, icon("copy"));
    return [
      el("h2", {}, t("setup_title")),
      el("p", { class: "lead" }, t("setup_text")),
      el("p", { class: "command" }, el("code", {}, command), copy),
      el("p", { class: "quiet" }, t("setup_note")),
    ];
  }
  if (unready.code === "not_ready") return [el("h2", {}, t("opening_title")), el("p", { class: "lead" }, t("opening_text"))];
  return [el("h2", {}, t("trouble_title")), el("p", { class: "lead" }, unready.words ?? String(unready))];
}

function suggestions() {
  const place = el("div", { class: "suggestions" });
  suggested().then((questions) => {
    const buttons = questions.map((words) =>
      el("li", {}, el("button", { type: "button", class: "suggestion", onclick: () => start(words) }, words)),
    );
    if (buttons.length) place.append(el("p", { class: "label" }, t("try")), el("ul", {}, ...buttons));
  });
  return place;
}

async function suggested() {
  const asked = await suggest(documents, load).catch(() => []);
  if (asked.length || !documents.length) return asked;
  const titles = [...new Set(documents.map((document_) => plainTitle(document_.title)).filter((title) => title && title.length <= 40))];
  // Spread over the whole course, not its first three lessons.
  const picks = titles.length ? [0.15, 0.5, 0.85].map((part) => titles[Math.floor(part * titles.length)]) : [];
  return [...new Set(picks)].map((title, i) => t(`suggest_${i + 1}`, { title }));
}

const plainTitle = (title) => title.replace(/^[\d.\-_\s]+/, "").trim();

// ---------------------------------------------------------------- asking

function start(text) {
  if (running || !text.trim()) return;
  const turn = new Turn(text.trim(), inForce(), { open: openNote, retry });
  turns.push(turn);
  byId("conversation").append(turn.element);
  question.value = "";
  grow();
  closeScope();
  drawAround();
  turn.element.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
  run(turn);
}

async function run(turn) {
  const earlier = turns.slice(0, turns.indexOf(turn)).flatMap((one) => one.history);
  running = new AbortController();
  drawSend();
  announce(t("searching"));
  const on = {
    passages: (data) => ((turn.passages = data.passages), turn.soon()),
    token: (data) => ((turn.text += data.text), turn.soon()),
    citation: (data) => (turn.citations.push(data), turn.soon()),
    done: (data) => finish(turn, data),
  };
  try {
    await ask(turn.question, earlier.slice(-2 * HISTORY_TURNS), turn.scope, on, running.signal);
    announce(t("finished") + turn.answer.answer);
  } catch (failure) {
    if (failure.name === "AbortError") turn.stopped = true;
    else turn.failure = failure;
    if (["no_index", "unauthorized", "offline"].includes(failure.code)) look();
  }
  running = null;
  turn.draw();
  drawSend();
  keep();
}

function finish(turn, data) {
  turn.answer = data;
  turn.text = data.answer;
  turn.citations = data.citations;
  turn.soon();
}

function retry(turn) {
  if (running) return;
  Object.assign(turn, { text: "", passages: null, citations: [], answer: null, failure: null, stopped: false });
  turn.draw();
  run(turn);
}

function announce(words) {
  byId("live").textContent = words;
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// ---------------------------------------------------------------- the question box

function grow() {
  question.style.height = "auto";
  question.style.height = `${Math.min(question.scrollHeight, 200)}px`;
}

function drawSend() {
  send.replaceChildren(icon(running ? "stop" : "send"));
  const label = t(running ? "stop" : "send");
  send.setAttribute("aria-label", label);
  send.title = label;
  send.classList.toggle("stopping", Boolean(running));
}

question.addEventListener("input", grow);
question.addEventListener("keydown", (event) => {
  // Enter that ends the composition of a Hangul syllable is not "send"; Safari reports it as 229.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  start(question.value);
});
byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) running.abort();
  else start(question.value);
});

// ---------------------------------------------------------------- tools

byId("new").addEventListener("click", () => {
  running?.abort();
  turns.length = 0;
  byId("conversation").replaceChildren();
  sessionStorage.removeItem(KEPT);
  closeNote();
  drawAround();
  question.focus();
});
byId("notes").addEventListener("click", () => openList(documents, (one) => openNote({ ...one, start: 0, end: 0 })));
byId("language").addEventListener("click", () => {
  switchLanguage();
  translatePage();
  turns.forEach((turn) => turn.draw());
  drawAround();
  drawSend();
});
byId("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark" || (!theme() && matchMedia("(prefers-color-scheme: dark)").matches);
  localStorage.setItem(THEME, dark ? "light" : "dark");
  applyTheme();
});

const theme = () => localStorage.getItem(THEME);

function applyTheme() {
  document.documentElement.classList.toggle("light", theme() === "light");
  document.documentElement.classList.toggle("dark", theme() === "dark");
}

// ---------------------------------------------------------------- a reload keeps the conversation

function keep() {
  const done = turns.filter((turn) => turn.answer).slice(-KEPT_TURNS);
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(done.map((turn) => ({ ...turn.answer, scope: turn.scope }))));
  } catch {
    sessionStorage.removeItem(KEPT); // more than the browser keeps: the page itself still has it
  }
}

function restore() {
  for (const { scope = {}, ...answer } of JSON.parse(sessionStorage.getItem(KEPT) ?? "[]")) {
    const turn = new Turn(answer.question, scope, { open: openNote, retry });
    Object.assign(turn, { answer, text: answer.answer, citations: answer.citations, passages: answer.passages });
    turns.push(turn);
    byId("conversation").append(turn.element);
    turn.draw();
  }
}

applyTheme();
translatePage();
byId("theme").append(icon("theme"));
drawSend();
restore();
drawAround();
look();
if (matchMedia("(hover: hover)").matches) question.focus();
