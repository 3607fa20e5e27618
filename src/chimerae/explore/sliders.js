// Sliders along the directions of the first run that is shown.

import { element } from "./parts.js";
import { state } from "./state.js";

const REACH = 3;
const FEW = 6;
const place = document.getElementById("sliders");
const more = document.getElementById("more");
let rows = [];

/** Build sliders for `count` directions; `moved` is called after each change. */
export function build(count, moved) {
  rows = Array.from({ length: count }, (_, i) => row(i + 1, moved));
  place.replaceChildren(...rows.map((each) => each.row));
  more.hidden = count <= FEW;
  fold(true);
}

function row(axis, moved) {
  const attributes = { id: `axis-${axis}`, type: "range", min: -REACH, max: REACH, step: "any" };
  const input = element("input", attributes);
  const output = element("output", { for: input.id });
  const label = element("label", { for: input.id, title: `Direction ${axis}, in standard deviations` }, `${axis}`);
  const row = element("div", { class: "slider" }, label, input, output);
  const set = (to) => {
    state.code.moves.set(axis, Math.round(20 * Math.min(REACH, Math.max(-REACH, to))) / 20);
    show([]);
    moved();
  };
  input.addEventListener("input", () => set(Number(input.value)));
  input.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -0.5, PageUp: 0.5 }[event.key];
    if (!step) return;
    event.preventDefault();
    set(Number(input.value) + step);
  });
  return { row, input, output };
}

/** Show the places of the code; a slider that was moved keeps its own. */
export function show(places) {
  rows.forEach(({ row, input, output }, i) => {
    const own = state.code.moves.get(i + 1);
    const value = own ?? places[i];
    row.classList.toggle("moved", own !== undefined);
    if (value === undefined) return;
    input.value = value;
    output.textContent = (value < 0 ? "−" : "") + Math.abs(value).toFixed(2);
    input.setAttribute("aria-valuetext", `${value.toFixed(2)} standard deviations`);
  });
  document.getElementById("reset").disabled = state.code.moves.size === 0;
}

function fold(folded) {
  rows.forEach(({ row }, i) => { row.hidden = folded && i >= FEW; });
  more.setAttribute("aria-expanded", String(!folded));
  more.textContent = folded ? "More directions" : "Fewer directions";
}

more.addEventListener("click", () => fold(more.getAttribute("aria-expanded") === "true"));
