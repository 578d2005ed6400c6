// Makes tracker/static/dist from the sources beside this file and from npm's packages:
//   main.js, charts.js  bundled as modules; main.js imports the charts only on pages that have one
//   main.css            bundled, rid of rules that no page can use, minified
//   sprite.svg          the Tabler icons named in icons.txt, each a <symbol id="icon-NAME">
//   images              *.svg, *.png, *.ico beside this file, copied
// Every name carries a hash of its content, so that browsers may keep the files for ever; manifest.json maps
// the plain names to them. Each file that gains by it stands also compressed (.gz, .br).

import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import * as esbuild from "esbuild";
import { transform } from "lightningcss";

const SOURCES = dirname(fileURLToPath(import.meta.url));
const ROOT = join(SOURCES, "..", "..");
const DIST = join(ROOT, "tracker", "static", "dist");
// One file with all of them; as single files they would take longer to unpack than everything else.
const TABLER = JSON.parse(readFileSync(join(ROOT, "node_modules/@iconify-json/tabler/icons.json"), "utf8"));

// light-dark(), nesting, :has() and cascade layers are written as they are from these versions on.
const version = (major, minor = 0) => (major << 16) | (minor << 8);
const TARGETS = { chrome: version(123), edge: version(123), firefox: version(128), safari: version(17, 5) };
const ESBUILD_TARGETS = ["chrome123", "edge123", "firefox128", "safari17.5"];

const manifest = {};

// Built beside its place and moved there whole, so that a running server never sees half a build.
mkdirSync(dirname(DIST), { recursive: true });
const NEXT = mkdtempSync(`${DIST}.`);
process.on("exit", () => rmSync(NEXT, { recursive: true, force: true }));

function emit(name, content) {
  const bytes = Buffer.from(content);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const extension = extname(name);
  const hashed = `${name.slice(0, -extension.length)}-${hash}${extension}`;
  writeFileSync(join(NEXT, hashed), bytes);
  manifest[name] = hashed;
}

// ---------------------------------------------------------------- scripts

async function bundle(name, plugins = []) {
  const result = await esbuild.build({
    entryPoints: [join(SOURCES, name)],
    outdir: NEXT,
    bundle: true,
    format: "esm",
    minify: true,
    legalComments: "eof",
    target: ESBUILD_TARGETS,
    entryNames: "[name]-[hash]",
    metafile: true,
    logLevel: "warning",
    plugins,
  });
  manifest[name] = relative(NEXT, Object.keys(result.metafile.outputs)[0]);
}

// main.js imports the charts when a page has one. Left to the bundler, both would share a helper of a hundred
// bytes in a file of its own: one more request before every first page.
const chartsBeside = {
  name: "charts-beside",
  setup(build) {
    const beside = () => ({ path: `./${manifest["charts.js"]}`, external: true });
    build.onResolve({ filter: /\/charts\.js$/ }, (asked) => (asked.kind === "dynamic-import" ? beside() : undefined));
  },
};

async function scripts() {
  await bundle("charts.js");
  await bundle("main.js", [chartsBeside]);
}

// ---------------------------------------------------------------- style sheets

const READ = new Set([".html", ".py", ".js"]);
const SKIPPED = new Set(["static", "translations", "data", "__pycache__"]);

function* filesUnder(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* filesUnder(path);
    else if (entry.isFile() && READ.has(extname(entry.name))) yield path;
  }
}

// A class put together in a template (`badge-{{ tone }}`, `{{ size }}-col`) or in a script (`bg-${tone}`) is not
// readable as a word, so whatever begins or ends like it stays.
function assembled(text) {
  const starts = [...text.matchAll(/([A-Za-z][\w-]*-)(?:\{\{|\$\{|" ?~|' ?~|\{)/g)].map((m) => new RegExp(`^${m[1]}`));
  const ends = [...text.matchAll(/(?:\}\}|\})(-[\w-]+)/g)].map((m) => new RegExp(`${m[1]}$`));
  return [...starts, ...ends];
}

// Which class names a page, a script or the Python behind it can ever write. Too many rather than too few: any
// word counts, wherever it stands. htmx marks elements by itself.
function usableClasses() {
  const folders = ["templates", "tracker", "workflows", "scoring"];
  const texts = folders.flatMap((folder) => [...filesUnder(join(ROOT, folder))]).map((path) => readFileSync(path, "utf8"));
  const words = new Set(texts.flatMap((text) => text.match(/[A-Za-z0-9_-]+/g) ?? []));
  const shapes = [...new Map(texts.flatMap(assembled).map((shape) => [shape.source, shape])).values()];
  const known = new Map();
  return (name) => {
    if (!known.has(name)) {
      known.set(name, words.has(name) || name.startsWith("htmx-") || shapes.some((shape) => shape.test(name)));
    }
    return known.get(name);
  };
}

// A selector is left out when it asks for a class that nothing writes; elements, attributes and states stay.
function withoutUnused(usable) {
  const asksForUnused = (part) => part.type === "class" && !usable(part.name);
  return { Selector: (selector) => (selector.some(asksForUnused) ? [] : undefined) };
}

async function styles() {
  const bundled = await esbuild.build({
    entryPoints: [join(SOURCES, "main.css")],
    bundle: true,
    write: false,
    target: ESBUILD_TARGETS,
    loader: { ".svg": "dataurl", ".woff2": "dataurl" },
    logLevel: "warning",
  });
  const { code } = transform({
    filename: "main.css",
    code: Buffer.from(bundled.outputFiles[0].text),
    minify: true,
    targets: TARGETS,
    visitor: withoutUnused(usableClasses()),
  });
  emit("main.css", code);
}

// ---------------------------------------------------------------- icons and images

// `check` is an outline, `filled/check` the filled drawing, whose id is icon-check-filled.
function symbol(line) {
  const name = line.startsWith("filled/") ? `${line.slice(7)}-filled` : line;
  const drawing = TABLER.icons[name] ?? TABLER.icons[TABLER.aliases?.[name]?.parent];
  if (!drawing) throw new Error(`icons.txt names an icon that Tabler does not have: ${line}`);
  // How lines are drawn is the style sheet's to say (.icon); a filled drawing has none.
  const body = drawing.body.replace(/ (?:fill="none"|stroke(?:-[a-z]+)?="[^"]*")/g, "");
  const paint = name.endsWith("-filled") ? ' stroke="none"' : "";
  return `<symbol id="icon-${name}" viewBox="0 0 24 24"${paint}>${body}</symbol>`;
}

function sprite() {
  const list = join(SOURCES, "icons.txt");
  if (!existsSync(list)) return;
  const names = readFileSync(list, "utf8").split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean);
  const symbols = [...new Set(names)].sort().map(symbol).join("\n");
  emit("sprite.svg", `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols}\n</svg>\n`);
}

function images() {
  for (const name of readdirSync(SOURCES)) {
    if ([".svg", ".png", ".ico", ".webp"].includes(extname(name))) emit(name, readFileSync(join(SOURCES, name)));
  }
}

// ---------------------------------------------------------------- compression

function compress() {
  for (const name of readdirSync(NEXT)) {
    if (![".js", ".css", ".svg"].includes(extname(name))) continue;
    const path = join(NEXT, name);
    const plain = readFileSync(path);
    const packed = {
      gz: gzipSync(plain, { level: 9 }),
      br: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    };
    for (const [suffix, bytes] of Object.entries(packed)) {
      if (bytes.length < plain.length * 0.95) writeFileSync(`${path}.${suffix}`, bytes);
    }
  }
}

await Promise.all([scripts(), styles()]);
sprite();
images();
compress();
writeFileSync(join(NEXT, "manifest.json"), `${JSON.stringify(manifest, Object.keys(manifest).sort(), 2)}\n`);
chmodSync(NEXT, 0o755);
rmSync(DIST, { recursive: true, force: true });
renameSync(NEXT, DIST);
