// Sentences in the person's language, written by the server into <script id="texts">.
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

export function text(name, values = {}) {
  const sentence = texts[name] ?? name;
  return sentence.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

// The same rule as ui109.formatting.duration: the two largest units, a minus sign when negative.
export function duration(seconds) {
  const unit = texts.units ?? { d: "d", h: "h", min: "min", s: "s" };
  const whole = Math.trunc(Math.abs(seconds));
  const minus = seconds < 0 && whole > 0 ? "−" : "";
  let parts = [[whole, "s"]];
  if (whole >= 86400) parts = [[Math.floor(whole / 86400), "d"], [Math.floor((whole % 86400) / 3600), "h"]];
  else if (whole >= 3600) parts = [[Math.floor(whole / 3600), "h"], [Math.floor((whole % 3600) / 60), "min"]];
  else if (whole >= 60) parts = [[Math.floor(whole / 60), "min"]];
  return minus + parts.filter(([count], place) => count > 0 || place === 0)
    .map(([count, name]) => `${count} ${unit[name]}`).join(" ");
}
