// <handoff-sound>: the sound of the alarms over handoffs on the operator's side. "Start shift" unlocks it, here or on a
// page before; then an alarm rings at once and again every 10 s, loud when a service must be phoned, until it is
// answered. The title says it as well, and a notification when the page is not in front.
// data-state: off | on; data-rung counts the rings.
import { ring, unlock } from "./desk-tone.js";

const AGAIN_MS = 10_000;
const SHIFT = "operator:shift";

class HandoffSound extends HTMLElement {
  #known = new Set();
  #rang = 0;
  #title = document.title;

  connectedCallback() {
    this.dataset.rung = "0";
    this.#button.addEventListener("click", () => (this.dataset.state === "on" ? this.#end() : this.#start()));
    if (sessionStorage.getItem(SHIFT) === this.dataset.person) this.#begin();
    document.addEventListener("alarms:looked", this.#look);
  }

  disconnectedCallback() {
    document.removeEventListener("alarms:looked", this.#look);
  }

  get #button() {
    return this.querySelector("button");
  }

  async #start() {
    sessionStorage.setItem(SHIFT, this.dataset.person);
    if (await this.#begin()) ring(false);
    if (window.Notification?.permission === "default") await Notification.requestPermission();
  }

  // A browser that forgot the person's gesture leaves it off, and the button says so.
  async #begin() {
    const may = await unlock();
    this.#show(may);
    return may;
  }

  #end() {
    sessionStorage.removeItem(SHIFT);
    this.#show(false);
  }

  #show(on) {
    this.dataset.state = on ? "on" : "off";
    this.#button.title = on ? this.dataset.on : this.dataset.off;
    this.#button.setAttribute("aria-label", this.#button.title);
  }

  #look = () => {
    const standing = [...document.querySelectorAll("[data-alarm]:not([hidden])")];
    const red = standing.filter((line) => line.dataset.level === "phone");
    const fresh = standing.filter((line) => !this.#known.has(line.id));
    this.#known = new Set(standing.map((line) => line.id));
    const title = red.length ? `■ ${this.dataset.title.replace("{n}", red.length)} · ${this.#title}` : this.#title;
    if (document.title !== title) document.title = title;
    if (this.dataset.state !== "on" || !standing.length) return;
    if (fresh.length || (red.length && Date.now() - this.#rang >= AGAIN_MS)) this.#ring(red.length > 0);
    for (const line of fresh.filter((one) => red.includes(one))) this.#notify(line);
  };

  #ring(red) {
    this.#rang = Date.now();
    if (ring(red)) this.dataset.rung = String(Number(this.dataset.rung) + 1);
  }

  #notify(line) {
    if (!document.hidden || window.Notification?.permission !== "granted") return;
    new Notification(line.querySelector("strong").textContent, { tag: line.id, requireInteraction: true });
  }
}

customElements.define("handoff-sound", HandoffSound);
