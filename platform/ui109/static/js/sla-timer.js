// <sla-timer due soon>: counts to the server's `due`; data-state ok | soon | late; never sorts, never alarms by itself.
import { everySecond, serverNow } from "./clock.js";
import { duration } from "./texts.js";

class SlaTimer extends HTMLElement {
  #stop;

  connectedCallback() {
    this.#stop = everySecond(() => this.#show());
  }

  disconnectedCallback() {
    this.#stop?.();
  }

  #show() {
    const left = (Date.parse(this.getAttribute("due")) - serverNow()) / 1000;
    const soon = Number(this.getAttribute("soon") ?? 1800);
    const state = left < 0 ? "late" : left < soon ? "soon" : "ok";
    const target = this.querySelector("[data-text]");
    const shown = duration(left);
    if (target && target.textContent !== shown) target.textContent = shown;
    if (this.dataset.state !== state) {
      this.dataset.state = state;
      this.dispatchEvent(new CustomEvent("sla:state", { bubbles: true, detail: { state } }));
    }
  }
}

customElements.define("sla-timer", SlaTimer);
