// <intake-desk brief="/t/…/op/queue">: the intake around its form. After a save the hints go and the phone has the
// focus; F2 begins a new call, after a question when something was typed; a guessed category or an earlier place is
// taken by a key; Esc leads from a list back to the field; a click on a ticket of the map shows its short card.
import { clearFaults } from "./form-faults.js";

const HINTS = "#near, #earlier, #guess";

class IntakeDesk extends HTMLElement {
  #form;
  #typed = false;
  #field;

  connectedCallback() {
    this.#form = this.querySelector("#intake-form");
    this.#form.addEventListener("input", () => this.#onInput());
    this.#form.addEventListener("reset", () => this.#cleared());
    this.addEventListener("form:saved", () => this.#form.elements.phone.focus());
    this.addEventListener("click", (event) => this.#onClick(event));
    this.addEventListener("keydown", (event) => this.#onKey(event));
    this.addEventListener("focusin", (event) => {
      if (event.target.matches("#intake-form input, #intake-form textarea")) this.#field = event.target;
    });
    this.addEventListener("map:point", () => { this.#typed = true; });
    this.addEventListener("map:open", (event) => {
      window.htmx?.ajax("GET", `${this.getAttribute("brief")}/${event.detail.id}/brief`, { target: "#brief", swap: "innerMorph" });
    });
    document.getElementById("discard").addEventListener("close", (event) => this.#decided(event.target));
    window.addEventListener("beforeunload", this.#hold);
    this.#form.elements.phone.focus();
  }

  disconnectedCallback() {
    window.removeEventListener("beforeunload", this.#hold);
  }

  #hold = (event) => {
    if (this.#typed) event.preventDefault();
  };

  #onInput() {
    this.#typed = true;
    const state = this.#form.closest("resilient-form");
    if (state.dataset.state === "saved") this.#form.querySelector("[data-form-state]").textContent = "";
  }

  #cleared() {
    this.#typed = false;
    for (const hint of this.querySelectorAll(HINTS)) hint.replaceChildren();
  }

  #onClick(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.hasAttribute("data-new-call")) this.#newCall();
    else if (button.dataset.takeCategory) this.#takeCategory(button.dataset.takeCategory);
    else if (button.hasAttribute("data-take-place")) this.#takePlace(button.dataset);
  }

  #newCall() {
    const dialog = document.getElementById("discard");
    dialog.returnValue = "";
    if (this.#typed) dialog.showModal();
    else this.#begin();
  }

  #decided(dialog) {
    if (dialog.returnValue === "discard") this.#begin();
    else this.#field?.focus();
  }

  #begin() {
    this.#form.reset();
    clearFaults(this.#form);
    this.#form.querySelector("[data-form-state]").textContent = "";
    this.querySelector("#result").replaceChildren();
    this.#form.elements.phone.focus();
  }

  #takeCategory(code) {
    this.querySelector("filter-select").choose(code);
    this.querySelector("#guess").replaceChildren();
    if (!this.#field?.isConnected) this.#form.elements.text.focus();
  }

  #takePlace({ address, landmark, lon, lat }) {
    this.#form.elements.address.value = address;
    this.#form.elements.landmark.value = landmark;
    if (lon) this.querySelector("tenant-map").setPoint(Number(lon), Number(lat));
    this.#form.elements.address.dispatchEvent(new Event("input", { bubbles: true }));
    this.#form.elements.address.focus();
  }

  #onKey(event) {
    if (event.key !== "Escape" || !event.target.matches("[data-row], canvas")) return;
    event.preventDefault();
    (this.#field ?? this.#form.elements.phone).focus();
  }
}

customElements.define("intake-desk", IntakeDesk);
