// The map without WebGL2: the tenant's outline and the points as SVG. A click chooses a place.
const SVG = "http://www.w3.org/2000/svg";

function rings(geojson) {
  const shapes = geojson.type === "FeatureCollection" ? geojson.features.map((item) => item.geometry) : [geojson.geometry ?? geojson];
  return shapes.flatMap((shape) => (shape.type === "MultiPolygon" ? shape.coordinates.flat() : shape.coordinates));
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// Draws into `canvas` and returns {mark(lon, lat), unmark()}; `choose(lon, lat)` is called on a click.
export function drawOutline(canvas, outline, points, label, choose) {
  const all = rings(outline).flat();
  const west = Math.min(...all.map(([lon]) => lon));
  const east = Math.max(...all.map(([lon]) => lon));
  const south = Math.min(...all.map(([, lat]) => lat));
  const north = Math.max(...all.map(([, lat]) => lat));
  const narrow = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const unit = 1000 / Math.max((east - west) * narrow, north - south);
  const xy = ([lon, lat]) => [(lon - west) * narrow * unit, (north - lat) * unit];
  const [width, height] = xy([east, south]);
  const svg = element("svg", { viewBox: `-10 -10 ${width + 20} ${height + 20}`, role: "img", "aria-label": label, class: "outline" });
  const path = rings(outline).map((ring) => `M${ring.map((point) => xy(point).map((n) => n.toFixed(1)).join(" ")).join("L")}Z`).join("");
  svg.append(element("path", { d: path, class: "outline-area" }));
  for (const feature of points.features) {
    const [cx, cy] = xy(feature.geometry.coordinates);
    svg.append(element("circle", { cx, cy, r: 8, class: `outline-point look-${feature.properties.look}` }));
  }
  svg.addEventListener("click", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    choose(west + at.x / unit / narrow, north - at.y / unit);
  });
  canvas.replaceChildren(svg);
  const unmark = () => svg.querySelector(".outline-chosen")?.remove();
  return {
    unmark,
    mark(lon, lat) {
      const [cx, cy] = xy([lon, lat]);
      unmark();
      svg.append(element("circle", { cx, cy, r: 14, class: "outline-chosen" }));
    },
  };
}
