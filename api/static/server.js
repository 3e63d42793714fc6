// The API: JSON, and an answer as server-sent events. Every failure becomes a Failure with words.

import { language, t } from "./words.js";

const KEY = "ask-notes.key";

export class Failure extends Error {
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }

  get code() {
    return this.problem.code;
  }

  // In the language of the moment, so that switching it switches errors too.
  get words() {
    if (this.problem.words) return t(this.problem.words);
    return (language === "ko" && this.problem.detail_ko) || this.problem.detail;
  }
}

export function keepKey(key) {
  sessionStorage.setItem(KEY, key);
}

async function call(path, { body, signal } = {}) {
  const headers = {};
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure({ code: "offline", words: "offline" });
  }
  if (response.ok) return response;
  let problem;
  try {
    problem = await response.json();
  } catch {
    problem = { code: "http", detail: `${response.status} ${response.statusText}` };
  }
  throw new Failure(problem);
}

export const get = async (path) => (await call(path)).json();
export const post = async (path, body) => (await call(path, { body })).json();

// Ask, and hand each event to `on[event](data)`; resolves after `done`.
export async function ask(question, history, scope, on, signal) {
  const response = await call("/v1/ask", { body: { question, history, scope, stream: true }, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let finished = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      rest += value;
      const frames = rest.split("\n\n");
      rest = frames.pop();
      for (const { event, data } of frames.map(readFrame)) {
        if (event === "error") throw new Failure(data);
        on[event]?.(data);
        finished ||= event === "done";
      }
    }
  } catch (error) {
    if (error.name === "AbortError" || error instanceof Failure) throw error;
    throw new Failure({ code: "cut_off", words: "cut_off" });
  }
  if (!finished) throw new Failure({ code: "cut_off", words: "cut_off" });
}

export function readFrame(text) {
  const frame = { event: "comment", data: null };
  for (const line of text.split("\n")) {
    if (line.startsWith("event: ")) frame.event = line.slice(7);
    if (line.startsWith("data: ")) frame.data = JSON.parse(line.slice(6));
  }
  return frame;
}
