// Packs the icons named in icons.txt into ../assets/icons.svg.
// Usage: npm pack @tabler/icons@3.51.0 && tar xzf tabler-icons-3.51.0.tgz
//        node pack.mjs package/icons/outline
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = process.argv[2];
if (!source) {
  console.error("usage: node pack.mjs FOLDER-OF-OUTLINE-ICONS");
  process.exit(2);
}
const names = readFileSync(join(here, "icons.txt"), "utf8").split("\n").filter(Boolean);
const symbols = names.map((name) => {
  const svg = readFileSync(join(source, `${name}.svg`), "utf8");
  const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  const shapes = body
    .replace(/\s*\n\s*/g, "")
    .replace(/ \/>/g, "/>")
    .replace(`<path stroke="none" d="M0 0h24v24H0z" fill="none"/>`, "");
  return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
});
const head = "<!-- Tabler Icons 3.51.0, MIT licence, see icons/LICENSE. Made by icons/pack.mjs. -->";
writeFileSync(
  join(here, "../assets/icons.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg">${head}\n${symbols.join("\n")}\n</svg>\n`,
);
