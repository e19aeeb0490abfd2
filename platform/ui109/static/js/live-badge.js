// <live-badge url>: one event stream a tab. Named event `beat` {now, bus} every 10 s; every other message is
// {type, id, version} and becomes a DOM event `live:<type>` on the body. After a gap `live:resync` says "read again".
// It keeps running in background tabs: a dispatcher with the softphone in front must get the news.
import { setServerNow } from "./clock.js";
import { text } from "./texts.js";

const SILENCE_MS = 25_000;
const RETRY_MS = [500, 1000, 2000, 4000];
const TEXT_OF = { connecting: "connecting", live: "live", late: "late", lost: "lost", ended: "ended" };

class LiveBadge extends HTMLElement {
  #source;
  #watchdog;
  #retry;
  #failures = 0;
  #lost = false;

  connectedCallback() {
    this.#open();
    window.addEventListener("online", this.#reopen);
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.#reopen);
    this.#close();
  }

  #reopen = () => {
    this.#close();
    this.#open();
  };

  #open() {
    this.#source = new EventSource(this.getAttribute("url"), { withCredentials: true });
    this.#source.addEventListener("open", () => this.#watch());
    this.#source.addEventListener("beat", (event) => this.#beat(event));
    this.#source.addEventListener("message", (event) => this.#news(event));
    this.#source.addEventListener("error", () => this.#fail());
    this.#watch();
  }

  #close() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retry);
    this.#source?.close();
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#fail(), SILENCE_MS);
  }

  #beat(event) {
    this.#watch();
    const beat = parsed(event.data);
    if (beat.now) setServerNow(beat.now);
    this.#failures = 0;
    this.#show(beat.bus === false ? "late" : "live");
    if (this.#lost) this.#tell("resync", {});
    this.#lost = false;
  }

  #news(event) {
    this.#watch();
    const news = parsed(event.data);
    if (typeof news.type === "string") this.#tell(news.type, news);
  }

  #fail() {
    this.#close();
    this.#lost = true;
    this.#show("lost");
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#askAndOpen(), wait);
  }

  // An EventSource cannot say why it failed; a 401 must not loop but say that the session ended.
  async #askAndOpen() {
    const stop = new AbortController();
    try {
      const answer = await fetch(this.getAttribute("url"), {
        credentials: "include", headers: { Accept: "text/event-stream" }, signal: stop.signal,
      });
      stop.abort();
      if (answer.status === 401 || answer.status === 404) return this.#end();
    } catch {
      // Still away: the next attempt follows.
    }
    if (this.isConnected) this.#open();
  }

  #end() {
    this.#close();
    this.#show("ended");
    this.#tell("ended", {});
  }

  #show(state) {
    if (this.dataset.state === state) return;
    this.dataset.state = state;
    this.querySelector("[data-text]").textContent = text(TEXT_OF[state]);
    this.#tell(state === "live" || state === "late" ? "up" : "down", { state });
  }

  #tell(type, detail) {
    document.body.dispatchEvent(new CustomEvent(`live:${type}`, { bubbles: true, detail }));
  }
}

function parsed(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {};
  }
}

customElements.define("live-badge", LiveBadge);
