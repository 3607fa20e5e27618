// The page as a whole: which code is shown, and what follows when it changes.

import { ask, latest, send } from "./ask.js";
import * as map from "./map.js";
import { element, hush, saver, show, tell } from "./parts.js";
import * as sliders from "./sliders.js";
import { classNames, name, parsed, remember, restore, shown, state, text, words } from "./state.js";
import * as walk from "./walk.js";

const $ = (id) => document.getElementById(id);
let about = null;
let cards = new Map();
let later = 0;
let last = [];

const look = latest(async () => {
  const asked = state.code;
  const found = await ask("code", { code: text(asked), runs: shown() });
  name(asked.which, found.name);
  last = found.runs;
  pictures(found.runs);
  if (asked === state.code) sliders.show(found.runs.find((run) => run.places)?.places || []);
  $("origin").textContent = words(state.code);
  map.mark(found.runs);
  $("near").classList.add("stale");
  clearTimeout(later);
  later = setTimeout(() => near().then(map.draw), 350);
});

const near = latest(async () => {
  const runs = state.shown.filter((i) => !about.runs[i].lack);
  const lacking = state.shown.filter((i) => about.runs[i].lack);
  const found = runs.length ? await ask("nearest", { code: text(state.code), runs: runs.join(".") }) : { runs: [] };
  const made = found.runs.filter((run) => run.networks);
  const titles = [...new Set(made.map((run) => about.runs[run.run].searched))];
  const rows = titles.map((title) => nearOf(title, made.filter((run) => about.runs[run.run].searched === title)));
  const notes = lacking.map((i) => element("p", { class: "notes" }, `${several(i)}No training images to compare: ${about.runs[i].lack}.`));
  $("near").replaceChildren(...rows, ...notes);
  $("near").classList.remove("stale");
});

const comma = (i) => (about.runs.length > 1 ? `${about.runs[i].label}, ` : "");
const several = (i) => (about.runs.length > 1 ? `${about.runs[i].label}: ` : "");

/** Rows of training images, for runs that searched the same number of them. */
function nearOf(title, runs) {
  const named = runs.flatMap((run) => Object.entries(run.networks).map(([network, images]) => [`${comma(run.run)}${network}`, images]));
  const rows = named.map(([label, images]) => element(
    "div", { class: "near-row" }, element("span", {}, label),
    element("div", { class: "thumbs" }, ...images.map((image) => element(
      "div", { class: "thumb", title: "Distance: root of the mean squared difference, in grey levels 0 to 255" },
      show(element("img"), image, `Training image at a distance of ${image.distance}`), image.distance.toFixed(1),
    ))),
  ));
  return element("div", {}, element("p", { class: "notes" }, `${title}; below each, its distance in grey levels.`), ...rows);
}

function pictures(runs) {
  const wanted = JSON.stringify(runs.map((run) => [run.run, run.error, Boolean(run.image)]));
  if (wanted !== pictures.built) {
    cards = new Map();
    $("pictures").replaceChildren(...runs.map(group));
    pictures.built = wanted;
  }
  for (const run of runs.filter((each) => !each.error)) {
    const facts = about.runs[run.run];
    if (run.image) show(cards.get(`${run.run} image`).img, run.image, "The encoded image");
    for (const [network, picture] of Object.entries(run.pictures)) {
      const { img, save } = cards.get(`${run.run} ${network}`);
      show(img, picture, `${words(state.code)} by the ${network} of ${facts.label}`);
      const code = text(state.code);
      save.replaceChildren(saver("PNG", "picture.png", { run: run.run, network, code }, `${facts.label}-${network}-${code}.png`));
    }
  }
}

function group(run) {
  const facts = about.runs[run.run];
  const made = [];
  if (about.runs.length > 1) made.push(element("h3", {}, `${facts.label} `, element("small", {}, facts.title)));
  if (run.error) return element("div", { class: "run" }, ...made, element("p", { class: "notes" }, run.error));
  const seen = state.code.origin === "mine" ? "your picture, as encoded" : "held-out image";
  const kinds = [...(run.image ? [["image", seen]] : []), ...facts.networks.map((network) => [network, network])];
  $("pictures").classList.toggle("three", kinds.length > 2);
  for (const [kind, title] of kinds) {
    const img = element("img");
    const save = element("span");
    cards.set(`${run.run} ${kind}`, { img, save });
  }
  const figures = kinds.map(([kind, title]) => {
    const { img, save } = cards.get(`${run.run} ${kind}`);
    return element("figure", { class: "card" }, element("figcaption", {}, element("b", {}, title), save), img);
  });
  return element("div", { class: "run" }, ...made, element("div", { class: "cards" }, ...figures));
}

/** Show another code. */
function open(code, step = true) {
  state.code = { ...code, moves: new Map(code.moves) };
  $("class").value = code.label;
  $("draw").value = code.origin === "draw" ? code.which : "";
  $("held").value = code.origin === "held" ? code.which : "";
  $("origin").textContent = words(state.code);
  sliders.show([]);
  if (step) remember(about, true);
  look();
}

function moved() {
  remember(about);
  $("origin").textContent = words(state.code);
  map.mark();
  look();
}

/** Encode one file, or walk between two. */
async function take(files, end = "") {
  hush();
  const codes = [];
  for (const file of files.slice(0, 2)) {
    try {
      const sent = await send(file, about.most);
      name(sent.code.split("-")[1], sent.name);
      codes.push(sent.code);
    } catch (error) {
      tell(error.message);
      return;
    }
  }
  if (end) state[end] = codes[0];
  else if (codes.length > 1) [state.from, state.to] = codes;
  if (end || codes.length > 1) walk.walk();
  if (!end) open({ ...parsed(codes[0]), label: $("class").value });
  else remember(about);
}

function head() {
  const runs = about.runs;
  const only = runs.length === 1;
  $("title").textContent = only ? runs[0].label : `${runs.length} runs`;
  $("facts").textContent = only ? `${runs[0].title}; pictures of ${runs[0].shape}` : runs.map((run) => run.label).join(", ");
  document.title = `${$("title").textContent}: chimerae explore`;
  document.body.classList.toggle("several", !only);
  $("runs").hidden = only;
  $("runs").replaceChildren(...runs.map((run, i) => {
    const box = element("input", { type: "checkbox", checked: state.shown.includes(i) });
    box.addEventListener("change", () => choose(i, box));
    return element("label", { class: "chip" }, box, ` ${run.label}`);
  }));
}

function choose(i, box) {
  const next = state.shown.filter((each) => each !== i).concat(box.checked ? [i] : []).sort();
  if (!next.length) box.checked = true;
  else state.shown = next;
  restart();
  remember(about);
}

/** Show everything anew, for other runs. */
function restart() {
  const first = about.runs[state.shown[0]];
  sliders.build(first.directions, moved);
  const many = state.shown.length > 1 ? " The sliders show the first run's places; a moved slider moves every run along its own direction." : "";
  $("about").textContent = `${first.about}. One unit is a standard deviation.${many}`;
  open(state.code, false);
  walk.walk();
}

function offer() {
  const held = Math.max(...about.runs.map((run) => run.held));
  const encodes = about.runs.some((run) => run.encodes);
  const draws = about.runs.some((run) => run.draws);
  for (const id of ["draw", "again"]) $(id).disabled = !draws;
  for (const part of [$("held"), $("held-of"), document.querySelector("label[for=held]")]) part.hidden = !held;
  $("held").max = held - 1;
  $("held-of").textContent = `of ${held.toLocaleString("en")}`;
  for (const part of [$("files"), document.querySelector("label[for=files]")]) part.hidden = !encodes;
  if (!encodes) $("hint").textContent = "This model has no encoder, so it cannot take pictures of yours.";
}

/** The choice of a class, for runs that learned with labels. */
function classes() {
  const names = about.runs.map((run) => run.classes).reduce((a, b) => (b.length > a.length ? b : a), []);
  for (const part of [$("class"), $("class").nextElementSibling, document.querySelector("label[for=class]")]) part.hidden = !names.length;
  const own = element("option", { value: "" }, "its own");
  $("class").replaceChildren(own, ...names.map((each, i) => element("option", { value: String(i) }, each)));
  classNames.push(...names);
}

function listen() {
  const label = () => $("class").value;
  const number = (id, origin) => $(id).addEventListener("change", () => {
    if ($(id).value !== "" && $(id).checkValidity()) open({ origin, which: String(Number($(id).value)), label: label(), moves: new Map() });
    else $(id).reportValidity();
  });
  number("draw", "draw");
  number("held", "held");
  $("again").addEventListener("click", () => open({ ...parsed(`draw-${Math.floor(Math.random() * 1e6)}`), label: label() }));
  $("class").addEventListener("change", () => open({ ...state.code, label: label() }));
  $("reset").addEventListener("click", () => open({ ...state.code, moves: new Map() }));
  for (const end of ["from", "to"]) $(`lock-${end}`).addEventListener("click", () => { walk.lock(end); remember(about); });
  $("files").addEventListener("change", () => { take([...$("files").files]); $("files").value = ""; });
  const files = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.toggle("dropping", files(event)); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
  addEventListener("popstate", () => { restore(about); head(); restart(); });
}

async function start() {
  about = await ask("about");
  const line = restore(about);
  walk.build(about, (end, file) => take([file], end), (code) => { open(code); scrollTo({ top: 0 }); }, () => remember(about));
  map.build(about, (places) => {
    places.forEach((place, i) => state.code.moves.set(i + 1, Math.round(20 * Math.min(3, Math.max(-3, place))) / 20));
    sliders.show([]);
    moved();
  });
  head();
  offer();
  classes();
  listen();
  restart();
  remember(about);
  if (line) tell(line);
}

start().catch((error) => tell(error.message));
