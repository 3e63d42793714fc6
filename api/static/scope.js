// Where to look: all notes, or a folder or file, notes or KLUE, one language. Chips say what is in force.

import { byId, el, icon } from "./dom.js";
import { t } from "./words.js";

const KEPT = "ask-notes.scope";
const FIELDS = ["sources", "origins", "languages"];
// A passage of KLUE-MRC goes by its guid; thousands of them are no list to choose from.
const KLUE = /^klue-mrc-[^/.]*$/;

const place = byId("scope");
let scope = read();
let open = false;
let documents = [];

// The scope as the API takes it; {} is all notes.
export function inForce() {
  return structuredClone(scope);
}

// [field, words] of each condition of a scope.
export function parts(some) {
  return FIELDS.filter((field) => some[field]?.length).map((field) => [field, name(field, some[field][0])]);
}

// A question is on its way: the page is the answer's.
export function closeScope() {
  open = false;
  drawScope();
}

export function drawScope(now = documents) {
  documents = now;
  place.hidden = documents.length < 2;
  const chips = parts(scope);
  const words = chips.length ? t("scope") : `${t("scope")}: ${t("scope_all")}`;
  const toggle = el("button", { type: "button", class: "scope-open", "aria-expanded": String(open), "aria-controls": "scope-fields", onclick: turn }, words);
  place.replaceChildren(toggle, ...chips.map(([field, value]) => chip(field, value)));
  if (open) place.append(el("div", { class: "scope-fields", id: "scope-fields" }, ...selects()));
}

function chip(field, value) {
  const remove = () => {
    choose(field, "");
    place.querySelector(".scope-open").focus();
  };
  const label = t("scope_remove", { value });
  return el("button", { type: "button", class: "chip", "aria-label": label, title: label, onclick: remove }, el("span", {}, value), icon("close"));
}

function turn() {
  open = !open;
  drawScope();
  place.querySelector(open ? "select" : ".scope-open").focus();
}

function choose(field, value) {
  if (value) scope[field] = [value];
  else delete scope[field];
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(scope));
  } catch {
    // The page itself still has it.
  }
  drawScope();
}

function selects() {
  const files = documents.map((one) => one.source).filter((source) => !KLUE.test(source)).sort();
  const folders = [...new Set(files.flatMap(above))].sort();
  const mixed = files.length > 0 && files.length < documents.length;
  return [
    files.length > 0 && select("sources", group("scope_folders", folders), group("scope_files", files)),
    (mixed || scope.origins) && select("origins", option("origins", "notes"), option("origins", "klue")),
    select("languages", option("languages", "ko"), option("languages", "en")),
  ].filter(Boolean);

  function group(label, sources) {
    return sources.length > 0 && el("optgroup", { label: t(label) }, ...sources.map((source) => option("sources", source)));
  }
}

function select(field, ...options) {
  const change = (event) => {
    choose(field, event.target.value);
    place.querySelector(`select[name="${field}"]`).focus();
  };
  const chosen = scope[field]?.[0];
  const input = el("select", { name: field, onchange: change }, el("option", { value: "" }, t("scope_any")), ...options);
  input.value = chosen ?? "";
  return el("label", {}, t(`scope_${field}`), input);
}

const option = (field, value) => el("option", { value }, name(field, value));
const name = (field, value) => (field === "sources" ? value : t(`scope_${value}`));

// "a/b/c.md" -> "a/", "a/b/"
function above(source) {
  const steps = source.split("/").slice(0, -1);
  return steps.map((_, i) => `${steps.slice(0, i + 1).join("/")}/`);
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}
