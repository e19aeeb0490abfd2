// <row-list>: rows ([data-row], each with an id) under one tab stop: ↑ ↓ Home End move, Enter follows the row's
// [data-open]. The active row survives a morph because it is remembered by id; when a morph takes the row with the focus
// away, the one that comes into its place gets the focus. Events: row:focus {id}.
class RowList extends HTMLElement {
  #active = "";
  #place = 0;
  #held = false;
  #observer;

  connectedCallback() {
    this.addEventListener("keydown", (event) => this.#onKey(event));
    this.addEventListener("focusin", (event) => this.#onFocus(event));
    this.addEventListener("focusout", (event) => this.#onLeave(event));
    this.#observer = new MutationObserver(() => this.#rove());
    this.#observer.observe(this, { childList: true, subtree: true });
    this.#rove();
  }

  disconnectedCallback() {
    this.#observer?.disconnect();
    if (this.#held && document.activeElement === document.body) document.getElementById("main")?.focus();
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
    return rows.find((row) => row.id === this.#active) ?? rows[Math.min(this.#place, rows.length - 1)];
  }

  #rove() {
    const current = this.#current();
    for (const row of this.#rows()) {
      const stop = row === current ? 0 : -1;
      if (row.tabIndex !== stop || !row.hasAttribute("tabindex")) row.tabIndex = stop;
    }
    if (this.#held && document.activeElement === document.body) current?.focus();
  }

  // The focus went elsewhere, or to nothing although its element is still there. (Removal is seen by the observer first.)
  #onLeave(event) {
    if (event.relatedTarget) this.#held = this.contains(event.relatedTarget);
    else setTimeout(() => { if (event.target.isConnected) this.#held = this.contains(document.activeElement); });
  }

  #onFocus(event) {
    this.#held = true;
    const row = event.target.closest("[data-row]");
    if (!row || row.id === this.#active) return;
    this.#active = row.id;
    this.#place = this.#rows().indexOf(row);
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
