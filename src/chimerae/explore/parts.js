// Parts of the page: elements, pictures, and the line that tells of a problem.

/** A new element with attributes and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Show a picture `{src, width, height}` in an `img`. Pixels of very small pictures stay squares. */
export function show(img, picture, alt) {
  img.width = picture.width;
  img.height = picture.height;
  img.classList.toggle("pixels", Math.max(picture.width, picture.height) < 48);
  img.alt = alt;
  img.src = picture.src;
  return img;
}

/** A link that saves a file of the server. */
export function saver(words, path, params, name) {
  const href = `${path}?${new URLSearchParams(params)}`;
  return element("a", { href, download: name, title: `Save ${name}` }, words);
}

/** Tell of a problem in one line at the foot of the page. */
export function tell(line) {
  const place = document.getElementById("problem");
  place.firstElementChild.textContent = line;
  place.hidden = false;
}

/** Take that line away. */
export function hush() {
  document.getElementById("problem").hidden = true;
}

document.querySelector("#problem button").addEventListener("click", hush);
