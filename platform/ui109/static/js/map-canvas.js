// The MapLibre canvas of a tenant: outline, tiles of points by look, one chosen place. Loaded only where a map is shown.
import { text } from "./texts.js";

const LOOKS = ["new", "assigned", "progress", "overdue", "callback", "done", "waiting", "rejected"];
const ICON_PX = 22;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const EMPTY = { type: "FeatureCollection", features: [] };

function style(outline) {
  return {
    version: 8,
    sources: {
      outline: { type: "geojson", data: outline },
      chosen: { type: "geojson", data: EMPTY },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": colour("--map-ground") } },
      { id: "area", type: "fill", source: "outline", paint: { "fill-color": colour("--map-area") } },
      { id: "border", type: "line", source: "outline", paint: { "line-color": colour("--map-border"), "line-width": 2 } },
      { id: "chosen", type: "circle", source: "chosen", paint: { "circle-radius": 9, "circle-color": "rgba(255,255,255,0.6)",
        "circle-stroke-color": colour("--focus"), "circle-stroke-width": 4 } },
    ],
  };
}

const DEEPEST_TILES = 14;

function addPoints(map, tiles) {
  map.addSource("points", { type: "vector", tiles: [location.origin + tiles], maxzoom: DEEPEST_TILES });
  map.addLayer({ id: "points", type: "symbol", source: "points", "source-layer": "tickets",
    layout: { "icon-image": ["get", "look"], "icon-allow-overlap": true } }, "chosen");
}

// The same shapes as on the status chips, on a white halo.
async function addShapes(map, url) {
  const sprite = new DOMParser().parseFromString(await (await fetch(url)).text(), "image/svg+xml");
  for (const look of LOOKS) {
    const shape = sprite.getElementById(look)?.querySelector("path")?.getAttribute("d");
    if (shape) map.addImage(look, drawn(shape, colour(`--look-${look}`)), { pixelRatio: 2 });
  }
}

function drawn(shape, fill) {
  const side = ICON_PX * 2;
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const pen = canvas.getContext("2d");
  pen.translate(6, 6);
  pen.scale((side - 12) / 16, (side - 12) / 16);
  const path = new Path2D(shape);
  pen.strokeStyle = "#fff";
  pen.lineWidth = 3;
  pen.stroke(path);
  pen.fillStyle = fill;
  pen.fill(path);
  return pen.getImageData(0, 0, side, side);
}

function bounds(outline) {
  const flat = JSON.stringify(outline).match(/\[-?\d+(?:\.\d+)?,-?\d+(?:\.\d+)?\]/g).map((pair) => JSON.parse(pair));
  const lon = flat.map(([x]) => x);
  const lat = flat.map(([, y]) => y);
  return [[Math.min(...lon), Math.min(...lat)], [Math.max(...lon), Math.max(...lat)]];
}

// Returns {mark(lon, lat), unmark(), refresh(), focus()}. Callbacks: choose(lon, lat), open(id), idle().
export async function drawMap({ module, container, outline, tiles, shapes, choose, open, idle }) {
  const { Map, NavigationControl } = await import(module);
  const map = new Map({
    container, style: style(outline), bounds: bounds(outline), fitBoundsOptions: { padding: 16 },
    attributionControl: false, dragRotate: false, pitchWithRotate: false,
    fadeDuration: 0, maxPitch: 0,
    locale: { "Map.Title": text("map_label"), "NavigationControl.ZoomIn": text("zoom_in"), "NavigationControl.ZoomOut": text("zoom_out") },
  });
  map.addControl(new NavigationControl({ showCompass: false }));
  await new Promise((resolve, reject) => {
    map.once("load", resolve);
    map.once("error", (event) => reject(event.error));
  });
  await addShapes(map, shapes);
  map.on("error", () => {}); // a tile that did not come: its points stay as they were
  if (tiles) addPoints(map, tiles);
  map.on("idle", idle);
  map.on("click", (event) => {
    const [feature] = tiles ? map.queryRenderedFeatures(event.point, { layers: ["points"] }) : [];
    if (feature) open(feature.properties.id);
    else choose(event.lngLat.lng, event.lngLat.lat);
  });
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey) return;
    const { lng, lat } = map.getCenter();
    choose(lng, lat);
  });
  return {
    mark: (lon, lat) => map.getSource("chosen").setData({ type: "Point", coordinates: [lon, lat] }),
    unmark: () => map.getSource("chosen").setData(EMPTY),
    refresh: () => tiles && map.refreshTiles("points"),
    focus: () => map.getCanvas().focus(),
  };
}
