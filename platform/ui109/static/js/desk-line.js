// <desk-line>: what to do when the line to the hub is down: whom to phone, and the numbers that still wait. The phones
// are kept in this browser, the freshest that any page of the desk has brought.
const KEPT = "desk:phones";

class DeskLine extends HTMLElement {
  connectedCallback() {
    localStorage.setItem(KEPT, this.querySelector("[data-known]").textContent);
    document.body.addEventListener("live:down", this.#show);
    document.body.addEventListener("live:up", this.#hide);
  }

  disconnectedCallback() {
    document.body.removeEventListener("live:down", this.#show);
    document.body.removeEventListener("live:up", this.#hide);
  }

  #show = () => {
    const numbers = [...document.querySelectorAll("#strip [data-waiting]")].map((one) => one.dataset.number);
    this.querySelector("[data-waiting-title]").hidden = numbers.length === 0;
    this.querySelector("[data-numbers]").textContent = numbers.join(", ");
    this.querySelector("[data-phones]").replaceChildren(...JSON.parse(localStorage.getItem(KEPT)).map(line));
    this.hidden = false;
  };

  #hide = () => {
    this.hidden = true;
  };
}

function line({ name, phone, shown }) {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: `tel:${phone}`, textContent: shown ?? phone, className: "phone" });
  item.append(shown ? `${name} ` : "", link);
  return item;
}

customElements.define("desk-line", DeskLine);
