// One question and what came of it: streaming, answer, sources, "why this?", feedback.
// A turn holds plain data and can be drawn anew at any time, in either language.

import { copyText, el, icon } from "./dom.js";
import { toUtf16 } from "./offsets.js";
import { bare, render } from "./prose.js";
import { parts } from "./scope.js";
import { post } from "./server.js";
import { t } from "./words.js";

const CLOSEST = 3;

export class Turn {
  // `scope`: where to look, as the API takes it; `actions`: open(place), retry(turn)
  constructor(question, scope, actions) {
    this.question = question;
    this.scope = scope;
    this.actions = actions;
    this.text = "";
    this.passages = null;
    this.citations = [];
    this.answer = null; // the whole JSON, once it is done
    this.failure = null;
    this.stopped = false;
    this.verdict = null;
    this.explaining = false;
    this.whyOpen = false;
    this.explanations = null; // by chunk_id, once they were asked for
    this.element = el("li", { class: "turn" });
    this.pending = 0;
    this.draw();
  }

  get busy() {
    return !this.answer && !this.failure && !this.stopped;
  }

  // What the next question is told about this one; markers would point at other passages there.
  get history() {
    if (!this.answer || this.answer.abstained) return [];
    return [
      { role: "user", content: this.question },
      { role: "assistant", content: this.answer.answer.replace(/\s*\[\d+\]/g, "") },
    ];
  }

  // Tokens may come faster than the screen can show them.
  soon() {
    this.pending ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.pending);
    this.pending = 0;
    this.element.setAttribute("aria-busy", this.busy);
    this.element.replaceChildren(el("h2", { class: "asked" }, this.question), this.looked(), this.body());
  }

  // Where was looked, and for what, should either differ from the plain question in all notes.
  looked() {
    const where = parts(this.scope).map(([, value]) => value);
    const query = this.answer?.query;
    const said = [];
    if (where.length) said.push(t("looked_in", { where: where.join(" · ") }));
    if (query && query !== this.answer.question) said.push(t("looked_for", { query: query.replace(/\s+/g, " ") }));
    return said.length ? el("p", { class: "looked" }, ...said.map((words) => el("span", {}, words))) : "";
  }

  body() {
    const body = el("div", { class: "answer" });
    if (this.answer?.abstained) body.append(this.abstention());
    else if (this.text || this.answer) body.append(this.prose());
    if (this.busy) body.append(this.progress());
    if (this.stopped) body.append(el("p", { class: "quiet" }, t(this.text ? "stopped" : "stopped_empty")));
    if (this.failure) body.append(this.trouble());
    if (this.answer && !this.answer.abstained) body.append(this.wordForWord(), this.legend(), this.sources());
    if (this.answer) body.append(this.why(), this.tools());
    return body;
  }

  progress() {
    let words = t("searching");
    if (this.text) words = t("writing");
    else if (this.passages) words = t("reading", { n: this.passages.length });
    return el("p", { class: "progress" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), words);
  }

  prose() {
    const text = this.answer?.answer ?? this.text;
    const at = toUtf16(text);
    const weak = (this.answer?.sentences ?? [])
      .filter((sentence) => sentence.support !== "supported")
      .map((s) => ({ start: at(s.start), end: at(s.end), support: s.support, label: t(`support_${s.support}`) }));
    return el("div", { class: "prose" }, render(text, { weak, marker: (number) => this.marker(number) }));
  }

  marker(number) {
    const citation = this.citations.find((candidate) => candidate.marker === number);
    if (!citation) return null;
    const label = t("open_source", { n: number, source: citation.source });
    return el(
      "button",
      {
        type: "button",
        class: `marker ${citation.support}`,
        "aria-label": label,
        title: `${citation.source}\n“${citation.quote}”`,
        onclick: () => this.actions.open(citation),
      },
      String(number),
    );
  }

  abstention() {
    return el(
      "div",
      { class: "abstained" },
      el("p", { class: "abstained-title" }, t("abstained")),
      el("p", {}, this.answer.answer),
      this.answer.passages.length > 0 && el("p", { class: "label" }, t("closest")),
      el("ol", { class: "passages" }, ...this.answer.passages.slice(0, CLOSEST).map((passage) => this.passage(passage))),
    );
  }

  trouble() {
    const retry = el("button", { type: "button", class: "plain", onclick: () => this.actions.retry(this) }, icon("retry"), t("retry"));
    return el("div", { class: "trouble", role: "alert" }, el("div", {}, render(this.failure.words ?? String(this.failure))), retry);
  }

  // Without a model the answer is the notes' own sentences; a reader should know why it sounds like that.
  wordForWord() {
    return this.answer.generator === "extractive" ? el("p", { class: "quiet" }, t("word_for_word")) : "";
  }

  legend() {
    const doubtful = this.answer.sentences.some((sentence) => sentence.support !== "supported");
    return doubtful ? el("p", { class: "legend" }, t("weak")) : "";
  }

  sources() {
    if (!this.citations.length) return "";
    const items = this.citations.map((citation) => {
      const doubt = citation.support !== "supported" && el("span", { class: `badge ${citation.support}` }, t(`support_${citation.support}`));
      const heading = this.heading(citation);
      const where = el("span", { class: "where" }, el("b", {}, citation.source), heading && ` › ${heading}`, doubt);
      const words = el("span", { class: "source-words" }, where, el("q", {}, bare(citation.quote)));
      const number = el("span", { class: "number", "aria-hidden": "true" }, String(citation.marker));
      return el("li", {}, el("button", { type: "button", class: "source", onclick: () => this.actions.open(citation) }, number, words));
    });
    return el("section", { class: "sources" }, el("h3", { class: "label" }, t("sources")), el("ol", {}, ...items));
  }

  heading(citation) {
    const passage = this.answer?.passages.find((candidate) => candidate.chunk_id === citation.chunk_id);
    return passage?.heading.split(" > ").at(-1);
  }

  why() {
    if (!this.answer.passages.length) return "";
    const details = el(
      "details",
      { class: "why", open: this.whyOpen },
      el("summary", {}, t("why")),
      el("p", { class: "quiet" }, t("why_text")),
      el("ol", { class: "passages" }, ...this.answer.passages.map((passage) => this.passage(passage, true))),
    );
    details.addEventListener("toggle", () => {
      this.whyOpen = details.open;
      if (details.open) this.explain();
    });
    return details;
  }

  // Asked for once, when somebody wants to know: the same words looked up in the same place. Answers that a
  // reload kept from before have no `query`; a passage that their question does not find stands unexplained.
  async explain() {
    if (this.explanations) return;
    this.explanations = new Map();
    try {
      const { query = this.question, passages } = this.answer;
      const found = await post("/v1/search", { query, k: passages.length, scope: this.scope, explain: true });
      for (const one of found.explanations ?? []) this.explanations.set(one.chunk_id, one);
      this.draw();
    } catch {
      this.explanations = null;
    }
  }

  how(passage) {
    const why = this.explanations?.get(passage.chunk_id);
    if (!why) return "";
    const rank = (n) => (n === null ? t("no_rank") : t("rank", { rank: n }));
    const rows = [
      [t("how_words"), `${rank(why.words_rank)} · ${why.words_score.toFixed(1)}`],
      [t("how_meaning"), `${rank(why.meaning_rank)} · ${why.meaning_score.toFixed(2)}`],
      [t("how_shared"), why.matched.map((one) => `${one.term} ${one.idf.toFixed(1)}`).join(", ") || "–"],
      [t("how_fused"), why.fused_score.toFixed(2)],
      ...(why.second_look === null ? [] : [[t("how_second"), why.second_look.toFixed(2)]]),
    ];
    const list = rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
    return el("details", { class: "how" }, el("summary", {}, t("how")), el("dl", {}, ...list));
  }

  passage(passage, scored = false) {
    const where = el("span", { class: "where" }, el("b", {}, passage.source), passage.heading && ` › ${passage.heading.split(" > ").at(-1)}`);
    const score = scored && el("span", { class: "score" }, `${t("rank", passage)} · ${t("score", { score: passage.score < 0.001 ? "< 0.001" : Number(passage.score.toPrecision(3)) })}`);
    const excerpt = el("span", { class: "excerpt" }, bare(passage.text.replace(/^#{1,6} [^\n]*\n+/, "")));
    return el("li", {}, el("button", { type: "button", class: "passage", onclick: () => this.actions.open(passage) }, where, score, excerpt), scored && this.how(passage));
  }

  tools() {
    const copy = el("button", { type: "button", class: "plain", onclick: () => this.copy(copy) }, icon("copy"), t("copy"));
    const up = this.thumb("up", "good");
    const down = this.thumb("down", "bad");
    const took = t("seconds", { s: (this.answer.timings_ms.total / 1000).toFixed(1) });
    const meta = el("span", { class: "meta" }, `${this.answer.generator} · ${took}`);
    const row = el("div", { class: "row" }, copy, up, down, meta);
    return el("div", { class: "tools-below" }, row, this.explaining && this.explanation());
  }

  thumb(verdict, label) {
    return el(
      "button",
      {
        type: "button",
        class: "plain icon",
        "aria-label": t(label),
        title: t(label),
        "aria-pressed": String(this.verdict === verdict),
        onclick: () => this.judge(verdict),
      },
      icon(verdict),
    );
  }

  explanation() {
    const why = el("input", { type: "text", maxlength: 2000, placeholder: t("why_bad"), "aria-label": t("why_bad") });
    const send = (event) => {
      event.preventDefault();
      this.explaining = false;
      this.feedback("down", why.value.trim() || null);
    };
    return el("form", { class: "explain", onsubmit: send }, why, el("button", { class: "small" }, t("send_feedback")));
  }

  judge(verdict) {
    if (this.verdict === verdict) return;
    this.verdict = verdict;
    this.explaining = verdict === "down";
    this.draw();
    if (verdict === "up") this.feedback("up", null);
    else this.element.querySelector(".explain input").focus();
  }

  async feedback(verdict, why) {
    try {
      await post("/v1/feedback", { question: this.question, answer: this.answer.answer, verdict, why });
      this.draw();
      this.say(t("thanks"));
    } catch (failure) {
      this.verdict = null;
      this.draw();
      this.say(failure.words ?? String(failure));
    }
  }

  say(words) {
    const said = el("span", { class: "said", role: "status" }, words);
    this.element.querySelector(".tools-below .row").append(said);
  }

  async copy(button) {
    const quotes = this.citations.map((citation) => {
      const heading = this.heading(citation);
      return `[${citation.marker}] ${citation.source}${heading ? ` › ${heading}` : ""}: “${citation.quote}”`;
    });
    await copyText([this.answer.answer, ...(quotes.length ? ["", ...quotes] : [])].join("\n"));
    button.replaceChildren(icon("done"), t("copied"));
  }
}
