// Runs the ONNX files beside this page with onnxruntime-web, from ./node_modules.
const RUNTIME = "./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";
const HELP = "Install the runtime in this page's folder (npm install onnxruntime-web) and serve it "
  + "(python -m http.server), then open the address that is printed.";
const SAMPLES = 16, ACROSS = 4, SIDE = 96, LARGE = 240, GAP = 1;
const spec = JSON.parse(document.getElementById("spec").textContent);
const [channels, height, width] = spec.shape;
const $ = (id) => document.getElementById(id);
let ort, encoder;
const decoders = {};
let ends = { from: null, to: null };

/** Say what went wrong, in place of the last problem; "" removes it. */
function tell(problem) {
  $("problem").textContent = problem;
  $("problem").hidden = !problem;
}

/** A standard normal number, by Box and Muller. */
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const size = (shape) => shape.reduce((a, b) => a * b, 1);
const draw = (shape, n = 1) => Float32Array.from({ length: n * size(shape) }, normal);

/** The outputs of a network by name, for n samples; inputs that are not given are drawn or zero. */
async function run(network, given, n) {
  const feeds = {};
  for (const port of network.inputs) {
    // noise of an encoder is zero (the mean of what it draws); that beside a code is drawn once per n
    const values = given[port.name] ?? (port.name.startsWith("encoder_noise")
      ? new Float32Array(n * size(port.shape)) : noiseOf(port, n));
    feeds[port.name] = new ort.Tensor(port.bytes ? "uint8" : "float32", values, [n, ...port.shape]);
  }
  return network.session.run(feeds);
}

const drawn = {};
/** Noise beside the code, the same at every call, so that only the code changes pictures. */
function noiseOf(port, n) {
  const wanted = n * size(port.shape);
  if (!drawn[port.name] || drawn[port.name].length < wanted) drawn[port.name] = draw(port.shape, Math.max(n, SAMPLES));
  return drawn[port.name].slice(0, wanted);
}

/** Images of n codes by a decoder, as bytes in channel, row, column order. */
async function decode(name, codes, n) {
  const { images } = await run(decoders[name], { code: codes }, n);
  return images.type === "uint8" ? images.data : Uint8ClampedArray.from(images.data, (v) => 255 * v);
}

/** Draw n images in a grid on a canvas, `GAP` pixels apart. */
function show(canvas, bytes, n, across, side) {
  const plane = height * width, rows = Math.ceil(n / across);
  canvas.width = across * (width + GAP) - GAP;
  canvas.height = rows * (height + GAP) - GAP;
  canvas.style.width = `${across * side}px`;
  const context = canvas.getContext("2d");
  for (let i = 0; i < n; i++) {
    const image = context.createImageData(width, height);
    for (let p = 0; p < plane; p++) {
      for (let c = 0; c < 3; c++) {
        image.data[4 * p + c] = bytes[(i * channels + Math.min(c, channels - 1)) * plane + p];
      }
      image.data[4 * p + 3] = 255;
    }
    context.putImageData(image, (i % across) * (width + GAP), Math.floor(i / across) * (height + GAP));
  }
}

/** The canvas of a network within a place, made when it is missing. */
function canvasOf(place, name) {
  const id = `${place}-${name}`;
  if (!$(id)) {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const canvas = document.createElement("canvas");
    canvas.id = id;
    caption.textContent = name;
    figure.append(caption, canvas);
    $(place).append(figure);
  }
  return $(id);
}

/** Pictures of `n` codes by every decoder. */
async function showAll(place, codes, n, across, side) {
  const start = performance.now();
  for (const name of Object.keys(decoders)) {
    show(canvasOf(place, name), await decode(name, codes, n), n, across, side);
  }
  return performance.now() - start;
}

let codes;
async function sample() {
  codes = draw(spec.code, SAMPLES);
  const took = await showAll("samples", codes, SAMPLES, ACROSS, SIDE);
  $("speed").textContent = `${SAMPLES} samples take ${took.toFixed(0)} ms here.`;
  const one = size(spec.code);
  ends = { from: ends.from ?? codes.slice(0, one), to: codes.slice(one, 2 * one) };
  $("to").textContent = "sample 2";
  if (!$("from").textContent) $("from").textContent = "sample 1";
  await walk();
}

/** Codes between two, on the arc of a circle, since draws of a normal have about one length. */
function between(a, b, t) {
  const dot = (u, v) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  const angle = Math.acos(Math.max(-1, Math.min(1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)))));
  if (!(angle > 1e-3)) return a.map((value, i) => (1 - t) * value + t * b[i]);
  return a.map((value, i) => (Math.sin((1 - t) * angle) * value + Math.sin(t * angle) * b[i]) / Math.sin(angle));
}

let walking = false, again = false;
async function walk() {
  if (!ends.from || !ends.to) return;
  again = walking;
  if (walking) return;
  walking = true;
  do {
    again = false;
    await showAll("between", between(ends.from, ends.to, $("at").value / 100), 1, 1, LARGE);
  } while (again);
  walking = false;
}

/** The pixels of a picture, its middle cut to the shape of the data, in channel, row, column order. */
function pixels(picture) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  const scale = Math.min(picture.width / width, picture.height / height);
  const [w, h] = [width * scale, height * scale];
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (picture.width - w) / 2, (picture.height - h) / 2, w, h, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height), plane = height * width;
  const bytes = new Uint8Array(channels * plane);
  for (let p = 0; p < plane; p++) {
    const [r, g, b] = data.subarray(4 * p, 4 * p + 3);
    if (channels === 1) bytes[p] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    else [r, g, b].forEach((value, c) => { bytes[c * plane + p] = value; });
  }
  return bytes;
}

async function open(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    tell(`'${file.name}' is no picture that this browser can open`);
    return;
  }
  tell("");
  const bytes = pixels(picture);
  const images = encoder.inputs[0].bytes ? bytes : Float32Array.from(bytes, (v) => v / 255);
  const { code } = await run(encoder, { images }, 1);
  show(canvasOf("rebuilt", "original"), bytes, 1, 1, LARGE);
  await showAll("rebuilt", Float32Array.from(code.data), 1, 1, LARGE);
  if (!spec.generates && ends.from) { // without samples, walk to the picture before
    ends.to = ends.from;
    $("to").textContent = $("from").textContent;
    $("walk").hidden = false;
  }
  ends.from = Float32Array.from(code.data);
  $("from").textContent = file.name;
  await walk();
}

async function session(network) {
  return { ...network, session: await ort.InferenceSession.create(network.file) };
}

function listen() {
  $("again").onclick = sample;
  $("at").oninput = walk;
  $("file").onchange = () => $("file").files[0] && open($("file").files[0]);
  $("samples").onclick = async ({ target, offsetX, offsetY }) => {
    if (target.tagName !== "CANVAS") return;
    const place = (offset, length, count) => Math.min(count - 1, Math.floor((offset / length) * count));
    const column = place(offsetX, target.clientWidth, ACROSS);
    const i = place(offsetY, target.clientHeight, SAMPLES / ACROSS) * ACROSS + column, one = size(spec.code);
    ends.to = codes.slice(i * one, (i + 1) * one);
    $("to").textContent = `sample ${i + 1}`;
    await walk();
  };
  const dropping = (on) => (event) => { event.preventDefault(); document.body.classList.toggle("dropping", on); };
  addEventListener("dragover", dropping(true));
  addEventListener("dragleave", dropping(false));
  addEventListener("drop", (event) => {
    dropping(false)(event);
    if (encoder && event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
}

async function start() {
  try {
    ort = await import(RUNTIME);
    ort.env.wasm.numThreads = 1;
  } catch (error) {
    tell(HELP);
    return;
  }
  try {
    for (const [name, network] of Object.entries(spec.decode)) decoders[name] = await session(network);
    if (spec.encode) encoder = await session(spec.encode);
  } catch (error) {
    tell(`A network cannot be opened: ${error.message}`);
    return;
  }
  listen();
  $("mine").hidden = !encoder;
  $("draws").hidden = $("walk").hidden = !spec.generates;
  if (spec.generates) await sample();
  document.body.dataset.ready = "yes";
}

start();
