// <desk-line>: what to do when the line to the hub is down: whom to phone, and the numbers that still wait. Down is a
// stream that broke, or a part of the page that could not be read; such a part is asked for again every few seconds.
// The phones are kept in this browser, the freshest that any page of the desk has brought.
const KEPT = "desk:phones";
const AGAIN_MS = 3000;

class DeskLine extends HTMLElement {
  #broken = false;
  #unread = new Set();
  #again;

  connectedCallback() {
    localStorage.setItem(KEPT, this.querySelector("[data-known]").textContent);
    document.body.addEventListener("live:down", () => this.#show({ broken: true }));
    document.body.addEventListener("live:up", () => this.#show({ broken: false }));
    document.addEventListener("htmx:error", (event) => this.#read(event.target, false));
    document.addEventListener("htmx:response:error", (event) => this.#read(event.target, statusOf(event) < 500));
    document.addEventListener("htmx:after:swap", (event) => this.#read(event.target, true));
  }

  disconnectedCallback() {
    clearTimeout(this.#again);
  }

  // A part reads into itself, so the same element tells of both.
  #read(part, done) {
    if (done) this.#unread.delete(part);
    else this.#unread.add(part);
    this.#show({});
  }

  #show({ broken = this.#broken }) {
    this.#broken = broken;
    const down = broken || this.#unread.size > 0;
    clearTimeout(this.#again);
    if (this.#unread.size) this.#again = setTimeout(() => document.body.dispatchEvent(new CustomEvent("live:resync")), AGAIN_MS);
    if (down) this.#fill();
    this.hidden = !down;
  }

  #fill() {
    const numbers = [...document.querySelectorAll("#strip [data-waiting]")].map((one) => one.dataset.number);
    this.querySelector("[data-waiting-title]").hidden = numbers.length === 0;
    this.querySelector("[data-numbers]").textContent = numbers.join(", ");
    this.querySelector("[data-phones]").replaceChildren(...JSON.parse(localStorage.getItem(KEPT)).map(line));
  }
}

const statusOf = (event) => event.detail?.ctx?.response?.status ?? event.detail?.ctx?.response?.raw?.status ?? 0;

function line({ name, phone, shown }) {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: `tel:${phone}`, textContent: shown ?? phone, className: "phone" });
  item.append(shown ? `${name} ` : "", link);
  return item;
}

customElements.define("desk-line", DeskLine);
