// <tenant-map outline points tiles centre module shapes selects mark refresh-on> (macro `map`): the tenant's outline and points.
// A click, or Enter in the middle of the focused map, or the fields `lat` and `lon` choose a place; dragging is never
// needed. Events: map:point {lon, lat}, map:open {id}. data-map-state: loading | idle; data-map-kind: webgl | outline.
import { drawOutline } from "./outline.js";
import { text } from "./texts.js";

const REFRESH_MS = 1000;
const EMPTY = { type: "FeatureCollection", features: [] };

class TenantMap extends HTMLElement {
  #view;
  #refreshing;

  connectedCallback() {
    this.#draw().catch((error) => {
      console.error(error);
      this.#say(text("map_missing"));
      this.dataset.mapState = "idle";
    });
    this.addEventListener("change", (event) => {
      if (event.target.name === "lat" || event.target.name === "lon") this.#markTyped();
    });
    this.closest("form")?.addEventListener("reset", () => this.#clear());
    for (const type of [this.getAttribute("refresh-on"), "live:resync"].filter(Boolean)) {
      document.body.addEventListener(type, this.#refresh);
    }
  }

  disconnectedCallback() {
    clearTimeout(this.#refreshing);
    for (const type of [this.getAttribute("refresh-on"), "live:resync"].filter(Boolean)) {
      document.body.removeEventListener(type, this.#refresh);
    }
  }

  // The shortcut of the map (F8) puts the focus on it.
  activate() {
    if (this.#view?.focus) this.#view.focus();
    else this.#input("lat")?.focus();
  }

  // Shows a place that something else chose (an address, a ticket).
  setPoint(lon, lat) {
    this.#choose(lon, lat);
  }

  async #draw() {
    const outline = await read(this.getAttribute("outline"));
    const container = this.querySelector("[data-canvas]");
    const choose = (lon, lat) => this.hasAttribute("selects") && this.#choose(lon, lat);
    try {
      if (!webgl() || !this.getAttribute("module")) throw new Error("no WebGL2 or no map package");
      const { drawMap } = await import("./map-canvas.js");
      this.#view = await drawMap({
        container, outline, choose, tiles: this.getAttribute("tiles"), module: this.getAttribute("module"), shapes: this.getAttribute("shapes"),
        open: (id) => this.#tell("map:open", { id }), idle: () => { this.dataset.mapState = "idle"; },
      });
      this.dataset.mapKind = "webgl";
    } catch {
      container.replaceChildren();
      this.#view = drawOutline(container, outline, await this.#points(), text("map"), choose);
      this.#say(text("map_missing"));
      this.dataset.mapKind = "outline";
      this.dataset.mapState = "idle";
    }
    this.#markTyped();
  }

  async #points() {
    const url = this.getAttribute("points");
    return url ? read(url) : EMPTY;
  }

  // In a blizzard news comes by the dozen: the points are read once for all that came meanwhile.
  #refresh = () => {
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined;
      this.#view?.refresh?.();
    }, REFRESH_MS);
  };

  #choose(lon, lat) {
    const [shownLon, shownLat] = [lon.toFixed(6), lat.toFixed(6)];
    if (this.#input("lon")) this.#input("lon").value = shownLon;
    if (this.#input("lat")) this.#input("lat").value = shownLat;
    this.#view?.mark(lon, lat);
    this.#say(text("map_point", { lat: shownLat, lon: shownLon }));
    this.#tell("map:point", { lon, lat });
  }

  #clear() {
    this.#view?.unmark();
    this.#say("");
  }

  #markTyped() {
    const [fixedLon, fixedLat] = (this.getAttribute("mark") ?? "").split(",");
    const lon = Number.parseFloat(this.#input("lon")?.value.replace(",", ".") ?? fixedLon);
    const lat = Number.parseFloat(this.#input("lat")?.value.replace(",", ".") ?? fixedLat);
    if (Number.isNaN(lon) || Number.isNaN(lat) || Math.abs(lat) > 90 || Math.abs(lon) > 180) return;
    this.#view?.mark(lon, lat);
    this.#tell("map:point", { lon, lat });
  }

  #input(name) {
    return this.querySelector(`[name="${name}"]`);
  }

  #say(message) {
    this.querySelector("[data-note]").textContent = message;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }
}

async function read(url) {
  const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/geo+json, application/json" } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

function webgl() {
  return Boolean(document.createElement("canvas").getContext("webgl2"));
}

customElements.define("tenant-map", TenantMap);
