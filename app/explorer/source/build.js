// Builds the page's files into a folder, ../built unless another is named: the same bytes wherever it runs.
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";

const { outputFiles, metafile } = await build({
  entryPoints: {
    page: "page.jsx",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
  },
  alias: {
    "prettier/parser-babel": "./jsonc.js",
    "prettier/plugins/estree": "./jsonc.js",
    "prettier/parser-graphql": "prettier/plugins/graphql",
  },
  absWorkingDir: import.meta.dirname,
  outdir: "built",
  write: false,
  metafile: true,
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: true, // GraphiQL makes the titles of its icons from the names of functions.
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".ttf": "file" },
  assetNames: "[name]",
  legalComments: "none", // They are in LICENSES.txt.
});

// page.css holds the styles of all chunks; those of single chunks are asked for by nobody.
const files = outputFiles.filter(({ path }) => !path.endsWith(".css") || basename(path) === "page.css");

const folder = process.argv[2] ?? new URL("../built/", import.meta.url).pathname;
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const { path, contents } of files) await writeFile(`${folder}/${basename(path)}`, contents);
await writeFile(`${folder}/LICENSES.txt`, await licenses());

async function licenses() {
  const packages = new Set();
  for (const { path } of files) {
    const { inputs } = metafile.outputs[`built/${basename(path)}`];
    for (const input of Object.keys(inputs)) {
      const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input);
      if (found) packages.add(found[0]);
    }
  }
  const parts = [];
  for (const place of [...packages].sort()) {
    const root = new URL(`${place}/`, import.meta.url);
    const { name, version, license } = JSON.parse(await readFile(new URL("package.json", root), "utf8"));
    const texts = (await readdir(root)).filter((file) => /^(licen[cs]e|copying|notice|thirdpartynotices)/i.test(file));
    parts.push(`${name} ${version}: ${license}`);
    for (const file of texts.sort()) parts.push((await readFile(new URL(file, root), "utf8")).trim());
  }
  return parts.join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
}
