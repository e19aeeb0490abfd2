// Shows at the fields of a form what the server refused, and the merge view of a 409.
const FAULT = ".field-error";

export function clearFaults(form) {
  for (const field of form.querySelectorAll("[data-field]")) {
    field.classList.remove("field-wrong");
    const line = field.querySelector(FAULT);
    if (line) line.textContent = "";
    field.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
  }
}

// Marks each field of `errors` [{field, message}] and focuses the first; returns the sentences that have no field.
export function showFaults(form, errors) {
  const left = [];
  let first;
  for (const { field, message } of errors) {
    const holder = form.querySelector(`[data-field="${CSS.escape(field)}"]`);
    if (!holder) {
      left.push(`${field}: ${message}`);
      continue;
    }
    holder.classList.add("field-wrong");
    const input = holder.querySelector("input, textarea, select");
    input?.setAttribute("aria-invalid", "true");
    const line = holder.querySelector(FAULT);
    if (line) line.textContent = message;
    first ??= input;
  }
  first?.focus();
  return left;
}

// Puts the server's merge view on top of the form; a choice there fills the field, and the version becomes the present one.
export function showMerge(form, html) {
  form.querySelector("[data-merge]")?.remove();
  form.insertAdjacentHTML("afterbegin", html);
  const view = form.querySelector("[data-merge]");
  if (!view) return;
  if (form.elements.version && view.dataset.merge) form.elements.version.value = view.dataset.merge;
  const take = (choice) => {
    const field = form.elements[choice.dataset.mergeField];
    if (field) field.value = choice.value;
  };
  view.querySelectorAll("[data-merge-field]:checked").forEach(take);
  view.addEventListener("change", (event) => take(event.target));
  form.addEventListener("submit", () => view.remove(), { once: true });
  view.focus();
}
