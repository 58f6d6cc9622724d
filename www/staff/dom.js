// Elements without mark-up: every text becomes a text node, whatever it holds.

// Attributes by name; `on…` a listener; true an empty attribute; false, null and undefined none.
export function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') e.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) e.setAttribute(name, value === true ? '' : value);
  }
  e.append(...children.flat(Infinity).filter((c) => c != null && c !== false));
  return e;
}

export const fill = (e, ...children) => e.replaceChildren(...children.flat(Infinity).filter((c) => c != null && c !== false));

// What people wrote, in whichever direction they write.
export const said = (text, attributes = {}) => el('span', { dir: 'auto', ...attributes }, text);

// References, addresses and ids never turn around.
export const code = (text) => el('bdi', { dir: 'ltr', class: 'code' }, text);

// One sentence that is read out and fades.
let fading;
export function say(text) {
  const place = document.getElementById('say');
  clearTimeout(fading);
  place.textContent = text;
  fading = setTimeout(() => { place.textContent = ''; }, 8000);
}
