// <handoff-alarms src="…/alarms" tenant="…">: the alarms over handoffs, on every operator page. The fragment brings
// those that stand and, hidden, those of every clock that runs: when its `data-due` passes by the server's time and
// nothing newer was heard, the page shows it by itself, also with the hub, the broker, the live process or our own
// server dead. The last fragment is kept in localStorage for a page that cannot read one. While handoffs are open it
// is read every 2 s beside the live events; changed `data-news` becomes `live:emergency` for the rest of the page.
// The seconds come from a worker: a page behind the softphone would get one a minute. Each ends with alarms:looked.
import "./acts.js";
import { everySecond, serverNow } from "./clock.js";

const OPEN_MS = 2000;
const IDLE_MS = 15_000;
const ANSWER_MS = 1500;
const CALM_MS = 300;
const KEPT_MS = 24 * 3600 * 1000;

class HandoffAlarms extends HTMLElement {
  #stop;
  #news;
  #open = 0;
  #next = 0;
  #last = 0;
  #asked;
  #ended = false;
  #reading = false;

  connectedCallback() {
    this.#stop = eachSecond(() => this.#second());
    for (const type of ["live:emergency", "live:resync", "live:up", "form:saved"]) {
      document.body.addEventListener(type, this.#soon);
    }
    window.addEventListener("online", this.#soon);
    this.addEventListener("keydown", (event) => this.#onKey(event));
    this.addEventListener("focusin", (event) => this.#rove(event.target.closest("[data-alarm]")));
  }

  disconnectedCallback() {
    this.#stop?.();
    clearTimeout(this.#asked);
    for (const type of ["live:emergency", "live:resync", "live:up", "form:saved"]) {
      document.body.removeEventListener(type, this.#soon);
    }
    window.removeEventListener("online", this.#soon);
  }

  // The key of the strip (Alt+A) puts the focus on the first number to phone; arrows lead to the other alarms.
  activate() {
    phoneOf(this.#lines()[0])?.focus();
  }

  #lines() {
    return [...this.querySelectorAll("[data-alarm]:not([hidden])")];
  }

  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const lines = this.#lines();
    const next = step && lines[lines.indexOf(event.target.closest("[data-alarm]")) + step];
    if (!next) return;
    event.preventDefault();
    phoneOf(next).focus();
  }

  // Whoever tabs through a page meets one alarm, not all of them.
  #rove(current = this.#lines().find((line) => line.contains(document.activeElement)) ?? this.#lines()[0]) {
    for (const line of this.querySelectorAll("[data-alarm]")) {
      for (const stop of line.querySelectorAll("a, input:not([type=hidden]), button")) {
        if ((stop.tabIndex === -1) !== (line !== current)) stop.tabIndex = line === current ? 0 : -1;
      }
    }
  }

  #soon = (event) => {
    if (event.detail?.own) return;
    this.#asked ??= setTimeout(() => {
      this.#asked = undefined;
      if (this.#reading) this.#soon({});
      else this.#read();
    }, Math.max(0, this.#last + CALM_MS - Date.now()));
  };

  #second() {
    if (Date.now() >= this.#next) this.#read();
    this.#tick();
  }

  async #read() {
    if (this.#reading) return;
    this.#reading = true;
    this.#last = Date.now();
    try {
      const answer = await fetch(this.getAttribute("src"), {
        credentials: "same-origin", cache: "no-store", headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (answer.ok) this.#take(await answer.text());
      else this.#recall();
      this.#ended = answer.status === 401;
    } catch {
      this.#recall();
    }
    this.#reading = false;
    // Without a session nothing more is said until somebody has signed in; the deadlines of the page still count.
    this.#next = this.#ended ? Infinity : this.#last + (this.#open ? OPEN_MS : IDLE_MS);
  }

  #take(html) {
    this.#keep(html);
    const page = new DOMParser().parseFromString(html, "text/html");
    const list = page.querySelector(".alarm-list");
    this.#open = Number(list?.dataset.open ?? 0);
    this.#merge(page);
    const news = list?.dataset.news;
    const changed = this.#news !== news; // also the first time: the page was drawn before
    this.#news = news;
    if (changed) document.body.dispatchEvent(new CustomEvent("live:emergency", { bubbles: true, detail: { own: true } }));
    this.#tick();
  }

  // A line that says the same as before stays as it is: what is typed in it, its focus, and its silence.
  #merge(page) {
    const list = this.querySelector(".alarm-list") ?? this.appendChild(page.createElement("ol"));
    list.className = "alarm-list";
    const wanted = [...page.querySelectorAll("[data-alarm]")];
    const ids = new Set(wanted.map((line) => line.id));
    for (const line of [...list.children]) if (!ids.has(line.id)) line.remove();
    for (const [place, line] of wanted.entries()) {
      const said = line.outerHTML;
      let shown = document.getElementById(line.id);
      if (shown?.alarmSaid !== said) {
        const typed = shown?.querySelector("[name=said_to]")?.value ?? "";
        const held = shown?.contains(document.activeElement);
        const next = document.importNode(line, true);
        next.alarmSaid = said;
        shown?.replaceWith(next);
        shown = next;
        const field = next.querySelector("[name=said_to]");
        if (field && typed) field.value = typed;
        if (held) field?.focus();
      }
      if (list.children[place] !== shown) list.insertBefore(shown, list.children[place] ?? null);
    }
    const more = page.querySelector(".alarm-more");
    this.querySelector(".alarm-more")?.remove();
    if (more) this.append(document.importNode(more, true));
  }

  // A page that can read nothing knows at least what the last one knew.
  #recall() {
    if (this.#news !== undefined) return;
    const kept = stored(this.#place());
    if (!kept || Date.now() - kept.at > KEPT_MS) return;
    const page = new DOMParser().parseFromString(kept.html, "text/html");
    this.#open = Number(page.querySelector(".alarm-list")?.dataset.open ?? 0);
    this.#merge(page);
    this.#tick();
  }

  #keep(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const token of page.querySelectorAll("[name=form_token]")) token.remove();
    try {
      localStorage.setItem(this.#place(), JSON.stringify({ at: Date.now(), html: page.body.innerHTML }));
    } catch {
      // A full or forbidden store costs only what a reload without a server would have shown.
    }
  }

  #place() {
    return `handoff-alarms:${this.getAttribute("tenant")}:${document.documentElement.lang}`;
  }

  // Of one handoff the alarm that came last is shown; the clocks count from the first word.
  #tick() {
    const now = serverNow();
    const latest = new Map();
    for (const line of this.querySelectorAll("[data-alarm]")) {
      if (Date.parse(line.dataset.due) > now) continue;
      const before = latest.get(line.dataset.handoff);
      if (!before || rank(line) >= rank(before)) latest.set(line.dataset.handoff, line);
    }
    const shown = new Set(latest.values());
    for (const line of this.querySelectorAll("[data-alarm]")) {
      if (line.hidden === shown.has(line)) line.hidden = !shown.has(line);
      if (!line.hidden) count(line.querySelector("[data-since]"), now);
    }
    this.toggleAttribute("data-standing", shown.size > 0);
    this.#rove();
    this.dispatchEvent(new CustomEvent("alarms:looked", { bubbles: true }));
  }
}

const phoneOf = (line) => line?.querySelector("a[href^='tel:']");

// To be phoned comes before to be watched; of the same level the later clock says more.
function rank(line) {
  return (line.dataset.level === "phone" ? 1e15 : 0) + Date.parse(line.dataset.due);
}

function count(place, now) {
  if (!place) return;
  const seconds = Math.max(0, Math.floor((now - Date.parse(place.dataset.since)) / 1000));
  const shown = [Math.floor(seconds / 60), seconds % 60].map((part) => String(part).padStart(2, "0")).join(":");
  if (place.textContent !== shown) place.textContent = shown;
}

function eachSecond(tick) {
  let worker;
  try {
    worker = new Worker(new URL("./second-worker.js", import.meta.url));
  } catch {
    return everySecond(tick);
  }
  worker.addEventListener("message", tick);
  tick();
  return () => worker.terminate();
}

function stored(place) {
  try {
    return JSON.parse(localStorage.getItem(place));
  } catch {
    return null;
  }
}

customElements.define("handoff-alarms", HandoffAlarms);
