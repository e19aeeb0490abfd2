// <row-list>: rows ([data-row], each with an id) under one tab stop: ↑ ↓ Home End move, Enter follows the row's
// [data-open]. The active row survives a morph because it is remembered by id. Events: row:focus {id}.
class RowList extends HTMLElement {
  #active = "";
  #observer;

  connectedCallback() {
    this.addEventListener("keydown", (event) => this.#onKey(event));
    this.addEventListener("focusin", (event) => this.#onFocus(event));
    this.#observer = new MutationObserver(() => this.#rove());
    this.#observer.observe(this, { childList: true, subtree: true });
    this.#rove();
  }

  disconnectedCallback() {
    this.#observer?.disconnect();
  }

  // The shortcut of the list puts the focus into it.
  activate() {
    (this.#current() ?? this.querySelector("a, button"))?.focus();
  }

  #rows() {
    return [...this.querySelectorAll("[data-row]")];
  }

  #current() {
    const rows = this.#rows();
    return rows.find((row) => row.id === this.#active) ?? rows[0];
  }

  #rove() {
    const current = this.#current();
    for (const row of this.#rows()) {
      const stop = row === current ? 0 : -1;
      if (row.tabIndex !== stop || !row.hasAttribute("tabindex")) row.tabIndex = stop;
    }
  }

  #onFocus(event) {
    const row = event.target.closest("[data-row]");
    if (!row || row.id === this.#active) return;
    this.#active = row.id;
    this.#rove();
    this.dispatchEvent(new CustomEvent("row:focus", { bubbles: true, detail: { id: row.id } }));
  }

  #onKey(event) {
    const row = event.target.closest("[data-row]");
    if (!row || event.target !== row) return;
    const rows = this.#rows();
    const at = rows.indexOf(row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      rows[Math.max(0, Math.min(rows.length - 1, to))]?.focus();
    } else if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      row.querySelector("[data-open]")?.click();
    }
  }
}

customElements.define("row-list", RowList);
