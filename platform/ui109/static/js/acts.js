// Acts on tickets and callbacks. A button [data-action][data-opens] lends the form of its dialog the address, the version
// and a line that says what it is about, and may propose the value of a field [data-field-name][data-field-value]; a saved
// form closes its dialog. A form [data-said] has no line of its own and speaks by toasts. After a 409 the form carries the present version: pressing again is a decision on what is now shown.
import { clearFaults } from "./form-faults.js";
import { text } from "./texts.js";
import { toast } from "./toast-region.js";

const formOf = (holder) => holder?.querySelector('form[method="post"]');

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-action][data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  const form = formOf(dialog);
  if (!form) return;
  if (form.getAttribute("action") !== opener.dataset.action) blank(form);
  form.setAttribute("action", opener.dataset.action);
  if (form.elements.version) form.elements.version.value = opener.dataset.version;
  const { fieldName, fieldValue } = opener.dataset;
  if (fieldValue && !form.elements[fieldName].value) form.elements[fieldName].value = fieldValue;
  dialog.querySelector("[data-about]").textContent = opener.dataset.about;
});

// What was typed about one ticket must not be sent about another.
function blank(form) {
  form.reset();
  clearFaults(form);
  const line = form.querySelector("[data-form-state]");
  if (line) line.textContent = "";
}

document.addEventListener("form:saved", (event) => {
  const dialog = event.target.closest("dialog");
  if (dialog) {
    blank(formOf(dialog));
    dialog.close();
  }
  if (event.target.dataset.said) toast(event.target.dataset.said);
});

// The row that opened the dialog may have gone meanwhile; then the list has the focus.
document.addEventListener("close", (event) => {
  const lost = document.activeElement === document.body || event.target.contains(document.activeElement);
  if (lost && event.target.classList.contains("dialog-act")) document.querySelector("row-list")?.activate();
}, true);

document.addEventListener("form:refused", (event) => {
  const { problem } = event.detail;
  const form = formOf(event.target);
  if (form?.elements.version && problem.present?.version) form.elements.version.value = problem.present.version;
  if (event.target.dataset.said && !event.target.querySelector("[data-form-state]")) {
    toast(problem.title ?? text("refused"), { tone: "bad" });
  }
});

document.addEventListener("form:waiting", (event) => {
  if (event.target.dataset.said) toast(text("waiting"), { tone: "bad" });
});
