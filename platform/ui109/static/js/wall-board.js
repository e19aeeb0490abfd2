// <wall-board data-view data-ago>: the wall of the region. News (`live:wall`) makes its board read itself again: the first
// at once, those of the next half second together after it, and none is lost. [data-heard] counts on; who has not been
// heard for too long is asked about at once. Rotation shows one graphic after the other, only while it is switched on.
import { everySecond, serverNow } from "./clock.js";
import { duration } from "./texts.js";

const NEWS_MS = 500;
const PULSE_MS = 3000;
const ANYWAY_MS = 10_000;
const STALE_SECONDS = 30;
const ROTATE_SECONDS = 15;
const VIEWS = ["all", "map", "ranking", "heat", "flow"];

class WallBoard extends HTMLElement {
  #stop;
  #ticks = 0;
  #newsAt = -Infinity;
  #readAt = -Infinity;
  #waiting;
  #rotating = false;

  connectedCallback() {
    document.body.addEventListener("live:wall", this.#onNews);
    document.body.addEventListener("live:pulse", this.#onPulse);
    document.body.addEventListener("live:resync", this.#onNews);
    document.addEventListener("fullscreenchange", this.#onFullscreen);
    this.querySelector("[data-rotate]")?.addEventListener("click", () => this.#rotate());
    this.querySelector("[data-fullscreen]")?.addEventListener("click", () => this.#fullscreen());
    this.#stop = everySecond(() => this.#tick());
  }

  disconnectedCallback() {
    document.body.removeEventListener("live:wall", this.#onNews);
    document.body.removeEventListener("live:pulse", this.#onPulse);
    document.body.removeEventListener("live:resync", this.#onNews);
    document.removeEventListener("fullscreenchange", this.#onFullscreen);
    clearTimeout(this.#waiting);
    this.#stop?.();
  }

  // News are read at once, unless others were read just before: then as soon as that is long enough ago.
  #onNews = () => {
    if (this.#waiting) return;
    const wait = this.#newsAt + NEWS_MS - performance.now();
    if (wait <= 0) this.#readNews();
    else this.#waiting = setTimeout(() => this.#readNews(), wait);
  };

  #readNews() {
    this.#waiting = undefined;
    this.#newsAt = performance.now();
    this.#read();
  }

  // That somebody lives is no news: the next reading shows it as well.
  #onPulse = () => performance.now() - this.#readAt > PULSE_MS && this.#read();

  #read() {
    this.#readAt = performance.now();
    this.querySelector("#board").dispatchEvent(new CustomEvent("wall:refresh"));
  }

  #tick() {
    this.#ticks += 1;
    let late = false;
    for (const element of this.querySelectorAll("[data-heard]")) {
      const seconds = Math.max(0, (serverNow() - Date.parse(element.dataset.heard)) / 1000);
      const said = this.dataset.ago.replace("{time}", duration(seconds));
      if (element.textContent !== said) element.textContent = said;
      late ||= seconds > STALE_SECONDS;
    }
    if (late || performance.now() - this.#readAt > ANYWAY_MS) this.#onPulse();
    if (this.#rotating && this.#ticks % ROTATE_SECONDS === 0) this.#show(VIEWS[(VIEWS.indexOf(this.dataset.view) + 1) % VIEWS.length]);
  }

  #show(view) {
    // What has the focus is never taken away from under it.
    if (view === "all" || !this.querySelector("#board").contains(document.activeElement)) this.dataset.view = view;
  }

  #rotate() {
    this.#rotating = !this.#rotating;
    this.querySelector("[data-rotate]").setAttribute("aria-pressed", String(this.#rotating));
    this.#show(this.#rotating ? "map" : "all");
  }

  async #fullscreen() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen().catch(() => document.body.classList.toggle("wall-full"));
  }

  #onFullscreen = () => {
    const full = Boolean(document.fullscreenElement);
    document.body.classList.toggle("wall-full", full);
    this.querySelector("[data-fullscreen]")?.setAttribute("aria-pressed", String(full));
  };
}

customElements.define("wall-board", WallBoard);
