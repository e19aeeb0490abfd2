// <server-clock now="…">: the time of day in the region (UTC+5, one zone since 2024).
import { everySecond, serverNow, setServerNow } from "./clock.js";

const OFFSET_MS = 5 * 3600 * 1000;

class ServerClock extends HTMLElement {
  #stop;

  connectedCallback() {
    setServerNow(this.getAttribute("now"));
    this.#stop = everySecond(() => this.#show());
  }

  disconnectedCallback() {
    this.#stop?.();
  }

  #show() {
    const shown = new Date(serverNow() + OFFSET_MS).toISOString();
    const time = this.querySelector("time");
    time.textContent = shown.slice(11, 19);
    time.dateTime = `${shown.slice(0, 19)}+05:00`;
  }
}

customElements.define("server-clock", ServerClock);
