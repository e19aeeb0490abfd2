// <shortcut-keys>: every visible [data-key] answers its key: a field gets the focus, a list or map is activated,
// anything else is clicked. The nearest one wins: in the focused row, then the form, then the page.
// Single letters only while a row of a list has the focus (WCAG 2.1.4); "/" and "?" only outside text fields.
const TYPING = "input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit]), textarea, select";

function named(event) {
  const name = /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : keyName(event);
  const held = [event.ctrlKey && "Ctrl", event.shiftKey && name.length > 1 && "Shift", event.altKey && "Alt"];
  return [...held.filter(Boolean), name].join("+");
}

// The slash key of a Kazakh or Russian layout types another character: the position counts.
function keyName(event) {
  if (event.key === "/" || event.key === "?") return event.key;
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  return event.key === "Escape" ? "Esc" : event.key;
}

function allowed(name, target) {
  if (name.length > 1) return true;
  if (target.closest?.(TYPING)) return false;
  return /[A-Z]/.test(name) ? Boolean(target.closest?.("[data-row]")) : true;
}

// A letter belongs to the focused row alone: it must never act on another row that happens to have the key.
function nearest(name, target) {
  const row = target.closest?.("[data-row]");
  const scopes = /^[A-Z]$/.test(name) ? [row] : [row, target.closest?.("dialog[open]"), target.closest?.("form"), document];
  const selector = `[data-key="${CSS.escape(name)}"]`;
  for (const scope of scopes) {
    const found = [...(scope?.querySelectorAll(selector) ?? [])].find(usable);
    if (found) return found;
  }
  return undefined;
}

const usable = (element) => element.checkVisibility?.() !== false && !element.disabled && !element.closest("[inert]");

function act(element) {
  if (typeof element.activate === "function") element.activate();
  else if (element.matches(TYPING)) {
    element.focus();
    element.select?.();
  } else element.click();
}

class ShortcutKeys extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", this.#onKey);
    for (const opener of document.querySelectorAll('[data-opens="key-help"]')) {
      opener.addEventListener("click", () => this.#list());
    }
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#onKey);
  }

  #onKey = (event) => {
    if (event.isComposing || event.metaKey) return;
    const name = named(event);
    const target = event.target instanceof Element ? event.target : document.body;
    if (!allowed(name, target)) return;
    const found = nearest(name, target);
    if (!found) return;
    event.preventDefault();
    act(found);
  };

  #list() {
    const list = document.querySelector("[data-key-list]");
    const shown = new Map();
    for (const element of document.querySelectorAll("[data-key]")) {
      if (usable(element) && !shown.has(element.dataset.key)) shown.set(element.dataset.key, labelOf(element));
    }
    list.replaceChildren(...[...shown].flatMap(([key, label]) => {
      const term = document.createElement("dt");
      term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      return [term, Object.assign(document.createElement("dd"), { textContent: label })];
    }));
  }
}

function labelOf(element) {
  if (element.dataset.keyLabel) return element.dataset.keyLabel;
  const spoken = element.labels?.[0] ?? element;
  const copy = spoken.cloneNode(true);
  for (const extra of copy.querySelectorAll("kbd, .required, .count")) extra.remove();
  return copy.textContent.trim();
}

customElements.define("shortcut-keys", ShortcutKeys);
