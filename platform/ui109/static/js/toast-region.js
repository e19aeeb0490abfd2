// <toast-region>: short news with an optional undo, 10 s, held while under the pointer or focus.
import { text } from "./texts.js";

const SHOWN_MS = 10_000;

// tone: good | bad. `undo` is called once when the person presses "Undo" in time; `expired` when the time is over.
export function toast(message, { tone = "good", undo, expired } = {}) {
  document.querySelector("toast-region")?.show(message, { tone, undo, expired });
}

class ToastRegion extends HTMLElement {
  show(message, { tone, undo, expired }) {
    const shown = [...this.children].find((item) => item.dataset.message === message);
    shown?.remove();
    const item = document.createElement("div");
    item.className = `toast-item toast-${tone}`;
    item.dataset.message = message;
    item.append(Object.assign(document.createElement("span"), { textContent: message }));
    const end = (then) => {
      clearTimeout(item.timer);
      item.remove();
      then?.();
    };
    if (undo) item.append(this.#button(text("undo"), () => end(undo)));
    item.append(this.#button(text("close"), () => end(expired)));
    this.append(item);
    const start = () => { item.timer = setTimeout(() => end(expired), SHOWN_MS); };
    item.addEventListener("pointerenter", () => clearTimeout(item.timer));
    item.addEventListener("pointerleave", start);
    item.addEventListener("focusin", () => clearTimeout(item.timer));
    item.addEventListener("focusout", start);
    start();
  }

  #button(label, act) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    button.className = "btn btn-bar";
    button.addEventListener("click", act);
    return button;
  }
}

customElements.define("toast-region", ToastRegion);
