// Questions to the server. Of several that wait for the same answer, only the newest is asked.

import { tell } from "./parts.js";

const busy = document.getElementById("busy");
let open = 0;

async function watched(promise) {
  open += 1;
  const late = setTimeout(() => { busy.hidden = false; }, 250);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    open -= 1;
    if (!open) busy.hidden = true;
  }
}

async function read(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer: start chimerae explore again, on the same port.");
  }
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** The answer to a question with parameters; errors are thrown as one line. */
export function ask(path, params = {}) {
  return watched(read(`${path}?${new URLSearchParams(params)}`));
}

/** Send a picture; the answer has its code. */
export function send(file, most) {
  if (file.size > most) throw new Error(`'${file.name}' is larger than ${most >> 20} MB`);
  return watched(read("take", { method: "POST", body: file, headers: { "X-Name": encodeURIComponent(file.name) } }));
}

/** A function that does `work` once at a time; calls meanwhile are one further call, with the newest state. */
export function latest(work) {
  let running = false;
  let waiting = false;
  return async function again() {
    if (running) {
      waiting = true;
      return;
    }
    running = true;
    try {
      await work();
    } catch (error) {
      tell(error.message);
    }
    running = false;
    if (waiting) {
      waiting = false;
      await again();
    }
  };
}
