// <emergency-form> around the form that hands an emergency to the services. A kind proposes services, priority and
// dangers, as long as nobody has chosen them by hand; the button says who will get it. A form in a dialog takes over
// what is typed in the intake when it is opened (F9). When the server does not answer within the first deadline, the
// numbers of the chosen services stand in the form: phone now; the form itself goes on trying.
import "./filter-select.js";

const ANSWER_MS = 5000;
const TAKEN = ["phone", "applicant", "address", "landmark", "lat", "lon", "text"];

class EmergencyForm extends HTMLElement {
  #form;
  #touched = new Set();
  #waiting;

  connectedCallback() {
    this.#form = this.querySelector("form");
    this.addEventListener("change", (event) => this.#onChange(event.target));
    this.addEventListener("submit", () => this.#await());
    this.addEventListener("form:waiting", () => this.#phoneNow(true));
    this.addEventListener("form:refused", () => this.#settled());
    this.addEventListener("form:saved", () => this.#saved());
    this.#form.addEventListener("reset", () => setTimeout(() => this.#blank()));
    document.addEventListener("click", this.#onOpen);
    this.#say();
  }

  disconnectedCallback() {
    clearTimeout(this.#waiting);
    document.removeEventListener("click", this.#onOpen);
  }

  get #dialog() {
    return this.closest("dialog");
  }

  get #source() {
    return this.#form.elements.ticket.value ? null : document.getElementById("intake-form");
  }

  #onOpen = (event) => {
    const opener = event.target.closest?.("[data-opens]");
    if (opener && opener.dataset.opens === this.#dialog?.id) setTimeout(() => this.#takeOver());
  };

  // What the operator has typed for the call; a field that he changed here stays.
  #takeOver() {
    const source = this.#source;
    for (const name of source ? TAKEN : []) {
      if (!this.#touched.has(name)) this.#form.elements[name].value = source.elements[name].value;
    }
    const spoken = source?.querySelector("[name=language]:checked")?.value;
    if (spoken && !this.#touched.has("language")) this.#form.elements.language.value = spoken;
    document.getElementById("em-type")?.focus();
  }

  #onChange(field) {
    if (field.name === "type") this.#propose(field.selectedOptions[0]?.dataset ?? {});
    else if (field.name) this.#touched.add(field.name);
    this.#say();
  }

  #propose({ services = "", priority = "", hazards = "" }) {
    this.#tick("services", services.split(" "));
    this.#tick("hazards", hazards.split(" "));
    if (!this.#touched.has("priority")) this.#form.elements.priority.value = priority;
  }

  #tick(name, values) {
    if (this.#touched.has(name)) return;
    for (const box of this.querySelectorAll(`[name=${name}]`)) box.checked = values.includes(box.value);
  }

  #chosen() {
    return [...this.querySelectorAll("[name=services]:checked")].map((box) => box.value);
  }

  #say() {
    const drill = this.querySelector("[name=mode]:checked")?.value === "exercise";
    const services = this.#chosen().join(", ") || this.dataset.none;
    const said = (drill ? this.dataset.drill : this.dataset.verb).replace("{services}", services);
    const place = this.querySelector("[data-says]");
    if (place.textContent !== said) place.textContent = said;
    this.toggleAttribute("data-exercise", drill);
  }

  #await() {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#phoneNow(true), ANSWER_MS);
  }

  #phoneNow(shown) {
    const card = this.querySelector("[data-phone-now]");
    const chosen = new Set(this.#chosen());
    for (const line of card.querySelectorAll("[data-service]")) {
      line.hidden = chosen.size > 0 && !chosen.has(line.dataset.service);
    }
    card.hidden = !shown;
    if (shown) card.scrollIntoView({ block: "center" });
  }

  #settled() {
    clearTimeout(this.#waiting);
    this.#phoneNow(false);
  }

  #saved() {
    this.#settled();
    this.#form.reset();
    if (!this.#dialog) return;
    this.#dialog.close();
    document.getElementById("intake-form")?.reset();
    document.getElementById("phone")?.focus();
  }

  #blank() {
    this.#touched.clear();
    this.#say();
  }
}

customElements.define("emergency-form", EmergencyForm);
