// <desk-alarm>: the sound of a desk. "Start shift" unlocks it and asks for notifications and a screen that stays on;
// then whatever stands in the alarm strip rings at once, again every 10 s, louder when it is late, until it is decided.
// data-state: off | on | silent (30 s, after the reason was saved); data-rung counts the rings. The title tells, too.
import { everySecond, serverNow } from "./clock.js";
import { ring, unlock } from "./desk-tone.js";

const AGAIN_MS = 10_000;
const SILENCE_MS = 30_000;
const SHIFT = "desk:shift";

class DeskAlarm extends HTMLElement {
  #stop;
  #known = new Set();
  #rang = 0;
  #silentUntil = 0;
  #title = document.title;
  #lock;

  connectedCallback() {
    this.dataset.rung = "0";
    this.addEventListener("click", (event) => this.#onClick(event));
    document.addEventListener("form:saved", this.#onSaved);
    document.addEventListener("visibilitychange", this.#keepAwake);
    this.#observer.observe(document.getElementById("alarms"), { childList: true, subtree: true });
    // The shift goes on over pages; a browser that forgot the person's gesture leaves it off, and the page says so.
    if (sessionStorage.getItem(SHIFT) === this.dataset.person) this.#begin();
    this.#stop = everySecond(() => this.#look());
  }

  disconnectedCallback() {
    this.#stop?.();
    this.#observer.disconnect();
    document.removeEventListener("form:saved", this.#onSaved);
    document.removeEventListener("visibilitychange", this.#keepAwake);
  }

  #observer = new MutationObserver(() => this.#look());

  #onClick(event) {
    const button = event.target.closest("button");
    if (button?.hasAttribute("data-start-shift")) this.#start();
    else if (button?.hasAttribute("data-test-tone")) ring(false);
    else if (button?.hasAttribute("data-end-shift")) this.#end();
  }

  async #start() {
    sessionStorage.setItem(SHIFT, this.dataset.person);
    await this.#begin();
    ring(false);
    this.querySelector("[data-test-tone]").focus();
    if (window.Notification?.permission === "default") await Notification.requestPermission();
  }

  async #begin() {
    if (!(await unlock())) return;
    this.dataset.state = "on";
    this.#keepAwake();
    this.#look();
  }

  #end() {
    sessionStorage.removeItem(SHIFT);
    this.dataset.state = "off";
    this.#lock?.release();
    this.#look();
    this.querySelector("[data-start-shift]").focus();
  }

  #onSaved = (event) => {
    if (!event.target.closest("#silence-dialog")) return;
    this.#silentUntil = Date.now() + SILENCE_MS;
    this.#look();
  };

  #keepAwake = async () => {
    if (this.dataset.state === "off" || document.hidden || !navigator.wakeLock) return;
    this.#lock = await navigator.wakeLock.request("screen").catch(() => undefined);
  };

  #look() {
    const waiting = [...document.querySelectorAll("#strip [data-waiting]")];
    const red = waiting.some((one) => Number(one.dataset.rung) > 0 || Date.parse(one.dataset.due) < serverNow());
    document.getElementById("alarms").dataset.level = waiting.length ? (red ? "red" : "amber") : "";
    const fresh = waiting.filter((one) => !this.#known.has(one.dataset.waiting));
    this.#known = new Set(waiting.map((one) => one.dataset.waiting));
    this.#say();
    this.#entitle(waiting.length);
    if (this.dataset.state !== "on" || !waiting.length) return;
    if (fresh.length || Date.now() - this.#rang >= AGAIN_MS) this.#ring(red);
    for (const one of fresh) this.#notify(one.dataset.number);
  }

  #ring(red) {
    this.#rang = Date.now();
    if (ring(red)) this.dataset.rung = String(Number(this.dataset.rung) + 1);
  }

  #say() {
    const left = Math.ceil((this.#silentUntil - Date.now()) / 1000);
    if (this.dataset.state !== "off") this.dataset.state = left > 0 ? "silent" : "on";
    const said = { off: this.dataset.saidOff, on: this.dataset.saidOn, silent: this.dataset.saidSilent }[this.dataset.state];
    // The region is live: it says that silence began and ended, not each second of it.
    const shown = said.replace("{n}", String(SILENCE_MS / 1000));
    const line = this.querySelector("[data-sound-state]");
    if (line.textContent !== shown) line.textContent = shown;
  }

  #entitle(count) {
    const told = `■ ${this.dataset.title.replace("{n}", count)}`;
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const now = Math.floor(Date.now() / 1000) % 2 === 0;
    const title = count && (still || now) ? `${told} · ${this.#title}` : this.#title;
    if (document.title !== title) document.title = title;
  }

  #notify(number) {
    if (!document.hidden || window.Notification?.permission !== "granted") return;
    new Notification(this.dataset.news.replace("{number}", number), { tag: number, requireInteraction: true });
  }
}

customElements.define("desk-alarm", DeskAlarm);
