// Frames per second while a large graph is moved and zoomed: our canvas and ComfyUI's own front end, in the same browser, one after the other.
// node speed.mjs (after make e2e has set up what it needs)
import { gzipSync } from "node:zlib";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { CanvasPage } from "./canvas-page.mjs";
import { root } from "./server.mjs";
import { StockPage } from "./stock-page.mjs";

/** 500 nodes and 1000 links: rows of a sampler between its loaders, prompts, latent and decoder. */
function large() {
  const w = { nodes: [], links: [], groups: [], version: 0.4, last_node_id: 0, last_link_id: 0, config: {}, extra: {} };
  const add = (type, x, y, inputs, outputs, values) => {
    const node = { id: ++w.last_node_id, type, pos: [x, y], size: [300, 200], mode: 0, flags: {}, order: 0, properties: {}, widgets_values: values,
      inputs: inputs.map((t) => ({ name: t[0], type: t[1], link: null })), outputs: outputs.map((t) => ({ name: t, type: t, links: [] })) };
    w.nodes.push(node);
    return node;
  };
  const link = (from, slot, to, input) => {
    const id = ++w.last_link_id;
    from.outputs[slot].links.push(id);
    to.inputs[input].link = id;
    w.links.push([id, from.id, slot, to.id, input, from.outputs[slot].type]);
  };
  for (let row = 0; w.nodes.length < 500; row++) {
    const y = row * 340;
    const loader = add("CheckpointLoaderSimple", 0, y, [], ["MODEL", "CLIP", "VAE"], ["tiny-actors.safetensors"]);
    const prompt = add("CLIPTextEncode", 380, y, [["clip", "CLIP"]], ["CONDITIONING"], ["a robot"]);
    const latent = add("EmptyLatentImage", 760, y, [], ["LATENT"], [128, 128, 1]);
    link(loader, 1, prompt, 0);
    for (let i = 0; i < 3 && w.nodes.length < 499; i++) {
      const sampler = add("KSampler", 1140 + i * 760, y, [["model", "MODEL"], ["positive", "CONDITIONING"], ["negative", "CONDITIONING"], ["latent_image", "LATENT"]], ["LATENT"], [1, "fixed", 20, 7, "euler", "normal", 1]);
      const decode = add("VAEDecode", 1520 + i * 760, y, [["samples", "LATENT"], ["vae", "VAE"]], ["IMAGE"], []);
      link(loader, 0, sampler, 0); link(prompt, 0, sampler, 1); link(prompt, 0, sampler, 2); link(latent, 0, sampler, 3); link(sampler, 0, decode, 0); link(loader, 2, decode, 1);
    }
  }
  return w;
}

/** Frames per second while the wheel zooms out and in, and while the canvas is dragged. */
async function measure(page, drag) {
  const count = async (act) => {
    await page.evaluate(() => {
      window.frames_ = 0;
      window.counting_ = true;
      const next = () => { window.frames_++; if (window.counting_) requestAnimationFrame(next); };
      requestAnimationFrame(next);
    });
    const begin = performance.now();
    await act();
    const frames = await page.evaluate(() => { window.counting_ = false; return window.frames_; });
    return frames / ((performance.now() - begin) / 1000);
  };
  await page.mouse.move(700, 400);
  const zoom = await count(async () => { for (let i = 0; i < 60; i++) await page.mouse.wheel(0, i % 20 < 10 ? 60 : -60); });
  const pan = await count(async () => {
    await drag.down();
    for (let i = 0; i < 90; i++) await page.mouse.move(700 + 200 * Math.sin(i / 7), 400 + 120 * Math.cos(i / 9));
    await drag.up();
  });
  return { zoom, pan };
}

const text = JSON.stringify(large());
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

async function ours() {
  const c = await CanvasPage.open();
  try {
    const begin = performance.now();
    await c.page.reload();
    await c.button("Run").waitFor();
    const ready = performance.now() - begin;
    await c.page.getByRole("main").dispatchEvent("drop", { dataTransfer: await c.page.evaluateHandle((t) => {
      const d = new DataTransfer();
      d.items.add(new File([t], "large.json", { type: "application/json" }));
      return d;
    }, text) });
    await c.page.getByRole("button", { name: /^large/ }).first().waitFor();
    const found = await rounds(c.page, { down: () => c.page.mouse.down({ button: "middle" }), up: () => c.page.mouse.up({ button: "middle" }) });
    await c.shot("500-nodes");
    return { ...found, ready };
  } finally {
    await c.close();
  }
}

async function stock() {
  const s = await StockPage.open();
  try {
    await s.closeDialog();
    await s.page.evaluate(async (t) => window.app.loadGraphData(JSON.parse(t)), text);
    await s.page.keyboard.press("."); // fit, as ours does
    const place = () => s.page.evaluate(() => [...window.app.canvas.ds.offset].join());
    const before = await place();
    const found = await rounds(s.page, { down: () => s.page.mouse.down({ button: "middle" }), up: () => s.page.mouse.up({ button: "middle" }) });
    if ((await place()) === before) throw new Error("the stock front end was not moved");
    await s.shot("500-nodes");
    return found;
  } finally {
    await s.close();
  }
}

async function rounds(page, drag) {
  const list = [];
  for (let i = 0; i < 5; i++) list.push(await measure(page, drag));
  return { zoom: median(list.map((m) => m.zoom)), pan: median(list.map((m) => m.pan)) };
}

const w = JSON.parse(text);
console.log(`${w.nodes.length} nodes, ${w.links.length} links; medians of 5 rounds`);
const assets = path.join(root, "frontend/web/dist/assets");
const html = await readFile(path.join(root, "frontend/web/dist/index.html"), "utf8");
let bytes = 0;
for (const name of await readdir(assets)) if (name.endsWith(".js") && html.includes(name)) bytes += gzipSync(await readFile(path.join(assets, name))).length;
console.log(`first load: ${(bytes / 1000).toFixed(0)} kB of JavaScript, gzipped`);
const a = await ours();
console.log(`oneactor: zoom ${a.zoom.toFixed(1)} frames/s, pan ${a.pan.toFixed(1)} frames/s; ready ${a.ready.toFixed(0)} ms after a reload`);
if (process.argv[2]) process.exit();
const b = await stock();
console.log(`ComfyUI front end 1.27.10: zoom ${b.zoom.toFixed(1)} frames/s, pan ${b.pan.toFixed(1)} frames/s`);
