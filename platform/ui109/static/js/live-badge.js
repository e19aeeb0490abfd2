// <live-badge url kinds>: one event stream a tab. `beat` {now, bus} every 10 s; an event named by each of `kinds`,
// {type, id, version}, becomes the DOM event `live:<type>` on the body; `resync`, or a stream that has been opened,
// the first one too, becomes `live:resync`: read everything again. `end` {reason: session} and 401 say that the session is over.
// It keeps running in background tabs: a dispatcher with the softphone in front must get the news.
import { setServerNow } from "./clock.js";
import { text } from "./texts.js";

const SILENCE_MS = 25_000;
const RETRY_MS = [500, 1000, 2000, 4000];

class LiveBadge extends HTMLElement {
  #source;
  #watchdog;
  #retry;
  #failures = 0;
  #gap = true; // what came between the page and its stream would be missed

  connectedCallback() {
    this.#open();
    window.addEventListener("online", this.#reopen);
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.#reopen);
    this.#close();
  }

  #reopen = () => {
    if (this.dataset.state === "live") return;
    this.#close();
    this.#gap = true;
    this.#open();
  };

  #open() {
    const source = new EventSource(this.getAttribute("url"), { withCredentials: true });
    this.#source = source;
    source.addEventListener("beat", (event) => this.#beat(parsed(event.data)));
    source.addEventListener("resync", () => this.#tell("resync", {}));
    source.addEventListener("end", (event) => parsed(event.data).reason === "session" && this.#end());
    source.addEventListener("error", () => this.#broken(source));
    for (const kind of (this.getAttribute("kinds") ?? "").split(" ").filter(Boolean)) {
      source.addEventListener(kind, (event) => this.#news(kind, parsed(event.data)));
    }
    this.#watch();
  }

  #close() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retry);
    this.#source?.close();
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#later(), SILENCE_MS);
  }

  #beat(beat) {
    this.#watch();
    if (beat.now) setServerNow(beat.now);
    this.#failures = 0;
    this.#show(beat.bus === false ? "late" : "live");
    // Without the broker no event arrives: the beat itself is the reason to look again.
    if (this.#gap || beat.bus === false) this.#tell("resync", {});
    this.#gap = false;
  }

  #news(kind, news) {
    this.#watch();
    this.#tell(kind, news);
  }

  // The browser reconnects by itself, with Last-Event-ID, unless the answer was an HTTP error.
  #broken(source) {
    if (this.dataset.state === "ended" || source !== this.#source) return;
    if (source.readyState !== EventSource.CONNECTING) return this.#later();
    this.#gap = true;
    return this.#show("lost");
  }

  #later() {
    this.#close();
    this.#gap = true;
    this.#show("lost");
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#askAndOpen(), wait);
  }

  // An EventSource cannot say why it was refused; a 401 must not loop but say that the session ended.
  async #askAndOpen() {
    const stop = new AbortController();
    const answer = await fetch(this.getAttribute("url"), {
      credentials: "include", headers: { Accept: "text/event-stream" }, signal: stop.signal,
    }).catch(() => null);
    stop.abort();
    if (answer?.status === 401 || answer?.status === 404) this.#end();
    else if (this.isConnected && this.dataset.state === "lost") this.#open();
  }

  #end() {
    this.#show("ended");
    this.#close();
    this.#tell("ended", {});
  }

  #show(state) {
    if (this.dataset.state === state) return;
    this.dataset.state = state;
    this.querySelector("[data-text]").textContent = text(state);
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
