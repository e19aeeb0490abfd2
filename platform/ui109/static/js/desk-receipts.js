// What a browser tells by itself: it shows a handoff [data-receipt] (T1), its card [data-seen] is open (T2). Repeated until
// it was told once. And Enter on a row never decides about another handoff that took its place a moment ago.
const AGAIN_MS = 3000;
const SETTLED_MS = 800;
const told = new Set();

async function tell(address) {
  if (told.has(address)) return;
  told.add(address);
  const token = document.querySelector('meta[name="form-token"]')?.content ?? "";
  const answer = await fetch(address, {
    method: "POST", credentials: "same-origin", headers: { "X-Form-Token": token, "HX-Request": "true" },
  }).catch(() => null);
  if (!answer || answer.status >= 500 || answer.status === 429) setTimeout(() => { told.delete(address); look(); }, AGAIN_MS);
  // The news of it may have come before this page's stream was open: read again what now stands.
  else if (answer.ok) document.body.dispatchEvent(new CustomEvent("live:resync", { bubbles: true }));
}

function look() {
  for (const row of document.querySelectorAll("[data-receipt]")) tell(row.dataset.receipt);
  for (const card of document.querySelectorAll("[data-seen]")) tell(card.dataset.seen);
}

new MutationObserver(look).observe(document.body, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["data-receipt", "data-seen"],
});
look();

let acting = false;
let slipped = -Infinity;
let held = "";
// While the event is being handled, however long a busy machine takes: the focus that it moves was meant.
for (const type of ["keydown", "mousedown"]) {
  document.addEventListener(type, () => { acting = true; setTimeout(() => { acting = false; }); }, true);
}

// The focus came to another row although nobody pressed anything: the row before it has gone. (A row that was only
// drawn anew gets its focus back, and is the one that the person means.)
document.addEventListener("focusin", (event) => {
  const row = event.target.matches("[data-row]") ? event.target.id : "";
  if (row && held && row !== held && !acting) slipped = performance.now();
  held = row;
});

document.addEventListener("keydown", (event) => {
  const hasty = performance.now() - slipped < SETTLED_MS;
  if (hasty && event.key === "Enter" && event.target.matches?.("[data-row]")) event.stopPropagation();
}, true);
