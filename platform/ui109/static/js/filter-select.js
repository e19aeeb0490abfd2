// <filter-select none="…"> around a <select> with groups: a combobox that finds an option by any part of its words
// (its own text, its group's, data-words), in any of the languages and with Kazakh letters typed as Russian ones.
// The select keeps the value, so the form works without scripts too. choose(value) sets it; data-note of the option is
// shown in the field's [data-note-line].
const FOLDED = { ә: "а", ғ: "г", қ: "к", ң: "н", ө: "о", ұ: "у", ү: "у", һ: "х", і: "и", ё: "е" };

const fold = (text) => text.toLowerCase().replace(/[әғқңөұүһіё]/g, (letter) => FOLDED[letter]);

class FilterSelect extends HTMLElement {
  #select;
  #input;
  #list;
  #active = null;

  connectedCallback() {
    if (this.#input) return;
    this.#select = this.querySelector("select");
    this.#build();
    this.#input.addEventListener("input", () => this.#show(this.#input.value));
    this.#input.addEventListener("keydown", (event) => this.#onKey(event));
    this.#input.addEventListener("blur", () => this.#leave());
    this.#input.addEventListener("click", () => this.#open || this.#show(""));
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => this.#pick(event.target.closest("[role=option]")));
    this.#select.form?.addEventListener("reset", () => setTimeout(() => this.#settle()));
  }

  choose(value) {
    this.#select.value = value;
    this.#settle();
    this.#select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #build() {
    const { id } = this.#select;
    this.#select.id = `${id}-value`;
    this.#select.hidden = true;
    this.#list = make("ul", { id: `${id}-list`, role: "listbox", class: "combo-list", hidden: "" });
    this.#input = make("input", {
      id, class: "form-control", type: "text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": this.#list.id, "aria-describedby": this.#select.getAttribute("aria-describedby") ?? "",
      "aria-required": String(this.#select.required), autocomplete: "off", spellcheck: "false",
    });
    const label = this.closest("[data-field]")?.querySelector("label");
    this.#list.setAttribute("aria-label", label?.textContent.replace("*", "").trim() ?? "");
    this.prepend(this.#input, this.#list);
    this.#settle();
  }

  get #open() {
    return !this.#list.hidden;
  }

  // Fills the list with what fits the words and marks the first fitting option.
  #show(typed) {
    const words = fold(typed).split(/\s+/).filter(Boolean);
    const groups = [...this.#select.querySelectorAll("optgroup")].map((group, place) => {
      const fitting = [...group.querySelectorAll("option")].filter((option) => {
        const text = fold(`${option.textContent} ${group.label} ${option.dataset.words ?? ""}`);
        return words.every((word) => text.includes(word));
      });
      return fitting.length ? this.#group(group.label, fitting, place) : null;
    });
    const shown = groups.filter(Boolean);
    this.#list.replaceChildren(...(shown.length ? shown : [make("li", { role: "option", "aria-disabled": "true" }, this.getAttribute("none"))]));
    this.#list.hidden = false;
    this.#input.setAttribute("aria-expanded", "true");
    const options = this.#options();
    this.#mark(options.find((option) => option.dataset.value === this.#select.value && !typed) ?? (typed ? options[0] : null));
  }

  #group(name, options, place) {
    const id = `${this.#list.id}-${place}`;
    const group = make("ul", { role: "group", "aria-labelledby": id, class: "combo-group" });
    const items = options.map((option) => make("li", {
      role: "option", id: `${this.#list.id}-${option.value}`, "data-value": option.value,
      "aria-selected": String(option.value === this.#select.value),
    }, option.textContent));
    group.append(make("li", { role: "presentation", id, class: "combo-name" }, name), ...items);
    const holder = make("li", { role: "presentation" });
    holder.append(group);
    return holder;
  }

  #options() {
    return [...this.#list.querySelectorAll("[role=option][data-value]")];
  }

  #mark(option) {
    this.#active?.classList.remove("combo-active");
    this.#active = option ?? null;
    option?.classList.add("combo-active");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.#input.setAttribute("aria-activedescendant", option.id);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (!this.#open) return this.#show("");
      const options = this.#options();
      const at = options.indexOf(this.#active) + step;
      return this.#mark(options[Math.max(0, Math.min(options.length - 1, at))]);
    }
    if (event.key === "Enter" && this.#open) {
      event.preventDefault();
      this.#pick(this.#active);
    } else if (event.key === "Escape" && this.#open) {
      event.preventDefault();
      event.stopPropagation();
      this.#settle();
    }
    return undefined;
  }

  #pick(option) {
    if (option?.dataset.value) this.choose(option.dataset.value);
  }

  // On leaving, the marked option is taken when something was typed; an emptied field has no value.
  #leave() {
    if (!this.#open) return;
    const typed = this.#input.value.trim();
    if (!typed && this.#select.value) this.choose("");
    else if (typed && this.#active && typed !== this.#chosen()?.textContent) this.choose(this.#active.dataset.value);
    else this.#settle();
  }

  #chosen() {
    return this.#select.value ? this.#select.selectedOptions[0] : null;
  }

  // The field says what is chosen, and the list is closed.
  #settle() {
    this.#input.value = this.#chosen()?.textContent ?? "";
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#input.setAttribute("aria-expanded", "false");
    this.#mark(null);
    const note = this.closest("[data-field]")?.querySelector("[data-note-line]");
    if (note) note.textContent = this.#chosen()?.dataset.note ?? "";
  }
}

function make(tag, attributes, text) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

customElements.define("filter-select", FilterSelect);
