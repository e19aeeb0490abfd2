// Copies what the pages load from node_modules to the git-ignored vendor folder, each package under its version,
// and writes vendor/manifest.json (package → folder), which the server reads at start.
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const modules = join(root, "node_modules");
const vendor = join(root, "platform", "ui109", "static", "vendor");

const SUBSETS = ["latin", "cyrillic", "cyrillic-ext"]; // Kazakh needs both Cyrillic subsets
const WEIGHTS = [400, 600, 700];
const ICONS = ["box-arrow-right", "camera", "check-lg", "geo-alt", "headset", "inbox", "list", "person",
  "search", "telephone", "translate", "x-lg"];

const FILES = {
  "htmx.org": ["dist/htmx.min.js"],
  "maplibre-gl": ["dist/maplibre-gl.mjs", "dist/maplibre-gl-worker.mjs", "dist/maplibre-gl.css"],
  "bootstrap": ["dist/css/bootstrap.min.css"],
  "@fontsource/noto-sans": SUBSETS.flatMap((subset) =>
    WEIGHTS.map((weight) => `files/noto-sans-${subset}-${weight}-normal.woff2`)),
};

async function versionOf(name) {
  return JSON.parse(await readFile(join(modules, name, "package.json"), "utf8")).version;
}

async function copyPackage(name, files) {
  const folder = `${name.replace("@", "").replace("/", "-")}@${await versionOf(name)}`;
  for (const file of files) {
    const target = join(vendor, folder, file.split("/").pop());
    await mkdir(dirname(target), { recursive: true });
    await cp(join(modules, name, file), target);
  }
  return folder;
}

async function fontFaces(folder) {
  const ranges = JSON.parse(await readFile(join(modules, "@fontsource/noto-sans/unicode.json"), "utf8"));
  const faces = SUBSETS.flatMap((subset) => WEIGHTS.map((weight) => `@font-face{font-family:"Noto Sans";` +
    `font-style:normal;font-display:swap;font-weight:${weight};unicode-range:${ranges[subset]};` +
    `src:url(noto-sans-${subset}-${weight}-normal.woff2) format("woff2")}`));
  await writeFile(join(vendor, folder, "fonts.css"), `${faces.join("\n")}\n`);
}

async function iconSprite() {
  const folder = `bootstrap-icons@${await versionOf("bootstrap-icons")}`;
  const symbols = await Promise.all(ICONS.map(async (name) => {
    const svg = await readFile(join(modules, "bootstrap-icons", "icons", `${name}.svg`), "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").trim();
    return `<symbol id="${name}" viewBox="0 0 16 16" fill="currentColor">${inner}</symbol>`;
  }));
  await mkdir(join(vendor, folder), { recursive: true });
  await writeFile(join(vendor, folder, "sprite.svg"),
    `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
  return folder;
}

await rm(vendor, { recursive: true, force: true });
const manifest = {};
for (const [name, files] of Object.entries(FILES)) manifest[name] = await copyPackage(name, files);
await fontFaces(manifest["@fontsource/noto-sans"]);
manifest["bootstrap-icons"] = await iconSprite();
await writeFile(join(vendor, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
