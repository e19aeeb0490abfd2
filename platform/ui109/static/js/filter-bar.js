// <filter-bar> around one GET form: a change tells `filter:changed` on the form (search waits until the typing
// pauses), and where the form is the page's own filter the address follows, without a cursor of the former list.
const PAUSE_MS = 300;

class FilterBar extends HTMLElement {
  #timer;

  connectedCallback() {
    this.addEventListener("input", (event) => event.target.type === "search" && this.#later());
    this.addEventListener("change", (event) => event.target.type !== "search" && this.#changed());
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#changed();
    });
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed(), PAUSE_MS);
  }

  #changed() {
    clearTimeout(this.#timer);
    const form = this.querySelector("form");
    form.querySelector('[name="cursor"]')?.remove();
    if (new URL(form.action).pathname === window.location.pathname) {
      const chosen = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
      window.history.replaceState(null, "", `?${chosen}`);
    }
    form.dispatchEvent(new CustomEvent("filter:changed", { bubbles: true }));
  }
}

customElements.define("filter-bar", FilterBar);
