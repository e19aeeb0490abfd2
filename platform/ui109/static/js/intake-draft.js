// What an emergency that no service took brings back to the intake: a link [data-intake-draft] lends its fields to
// #intake-form of the page it leads to. They travel in this tab only and are gone when they have been read.
const PLACE = "intake-draft";

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-intake-draft]");
  if (link) sessionStorage.setItem(PLACE, link.dataset.intakeDraft);
});

const form = document.getElementById("intake-form");
const kept = form && sessionStorage.getItem(PLACE);
if (kept) {
  sessionStorage.removeItem(PLACE);
  for (const [name, value] of Object.entries(JSON.parse(kept))) {
    if (form.elements[name] && value !== "") form.elements[name].value = value;
  }
  for (const name of ["phone", "address", "text"]) {
    form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
  }
}
