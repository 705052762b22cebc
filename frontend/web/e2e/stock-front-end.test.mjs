// ComfyUI's own front end, unmodified, against our server.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { artefacts, pngSize, sharedWorkflow, startServer, stockFrontEnd } from "./server.mjs";

let server, browser, page;
const failed = [], errors = [], sockets = [];
const whenEnded = new EventEmitter();

/** Requests that a ComfyUI without custom nodes and saved data answers with 404 as well. */
const alsoMissingThere = [/\/api\/userdata\/user\.css$/, /\/user\.css$/, /\/api\/userdata\/comfy\.templates\.json$/, /\/api\/userdata\/workflows%2F\.index\.json$/,
  /\/api\/userdata\?dir=workflows/, /\/api\/userdata\?dir=subgraphs/, /\/templates\//, /\/docs\//, /\/api\/subscribe_logs$/];

before(async () => {
  await mkdir(artefacts, { recursive: true });
  server = await startServer("--front-end-root", await stockFrontEnd());
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
  page.on("response", (r) => { if (r.status() >= 400) failed.push(`${r.status()} ${r.request().method()} ${r.url()}`); });
  // A page may stop reading an answer that has come; that is no failure of the server.
  page.on("requestfailed", async (r) => { if (r.url().startsWith(server.url) && !(await r.response())) failed.push(`${r.failure()?.errorText} ${r.url()}`); });
  page.on("pageerror", (e) => errors.push(e.stack ?? String(e)));
  page.on("websocket", (ws) => ws.on("framereceived", (f) => {
    sockets.push(f.payload);
    const ended = typeof f.payload === "string" && f.payload.match(/^\{"type": "executing", "data": \{"node": null, "prompt_id": "([^"]+)"/);
    if (ended) whenEnded.emit(ended[1]);
  }));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("loads and lists our nodes", async () => {
  await page.goto(server.url);
  await page.waitForFunction(() => window.app?.graph && window.LiteGraph?.registered_node_types?.KSampler, null, { timeout: 60_000 });
  const types = await page.evaluate(() => Object.keys(window.LiteGraph.registered_node_types));
  for (const name of ["KSampler", "TuneActor", "ApplyActor", "ClusterSampler", "ControlNetLoader", "SaveImage"]) assert.ok(types.includes(name), `${name} is not listed`);
  await page.screenshot({ path: path.join(artefacts, "stock-1-loaded.png") });
});

test("opens a shared workflow and runs it: progress, previews, the picture", async () => {
  const workflow = await sharedWorkflow("hiresfix_latent_workflow");
  const file = path.join(artefacts, "workflow.json");
  await writeFile(file, JSON.stringify(workflow));
  // Templates or a first-use dialog may lie over the canvas.
  await page.locator(".p-dialog-close-button").click();
  await page.locator(".p-dialog-mask").waitFor({ state: "detached" });
  await page.locator("#comfy-file-input").setInputFiles(file);
  await page.waitForFunction((n) => window.app.graph.nodes.length === n, workflow.nodes.length, { timeout: 20_000 });
  await page.keyboard.press(".");
  await page.screenshot({ path: path.join(artefacts, "stock-2-opened.png") });
  sockets.length = 0;
  const posted = page.waitForResponse((r) => r.url().endsWith("/api/prompt") && r.request().method() === "POST");
  await page.keyboard.press("Control+Enter");
  const answer = await posted;
  assert.equal(answer.status(), 200, await answer.text());
  const { prompt_id: id } = await answer.json();
  await once(whenEnded, id, { signal: AbortSignal.timeout(120_000) });
  const entry = (await (await fetch(`${server.url}/history/${id}`)).json())[id];
  assert.equal(entry.status.status_str, "success", JSON.stringify(entry.status));
  await page.waitForFunction(() => window.app.graph.nodes.filter((n) => n.type === "SaveImage").every((n) => n.imgs?.length > 0 && n.imgs[0].complete), null, { timeout: 20_000 });
  await page.waitForTimeout(500); // the canvas draws what it has with the next frame
  await page.screenshot({ path: path.join(artefacts, "stock-3-done.png") });

  const texts = sockets.filter((s) => typeof s === "string").map((s) => JSON.parse(s));
  const kinds = texts.map((m) => m.type);
  for (const kind of ["status", "execution_start", "execution_cached", "executing", "progress", "progress_state", "executed", "execution_success"]) {
    assert.ok(kinds.includes(kind), `no message ${kind} among ${[...new Set(kinds)]}`);
  }
  assert.ok(sockets.some((s) => typeof s !== "string" && s.readUInt32BE(0) === 4), "no preview with metadata");
  const last = texts.at(-1);
  assert.deepEqual([last.type, last.data.node, last.data.prompt_id], ["executing", null, id]);
  const shown = await page.evaluate(() => window.app.graph.nodes.find((n) => n.type === "SaveImage").imgs[0].naturalWidth);
  const saved = Object.values(entry.outputs).flatMap((o) => o.images ?? []);
  assert.ok(saved.length > 0 && shown > 0);
  for (const image of saved) pngSize(await readFile(path.join(server.dir, "output", image.subfolder, image.filename)));
});

test("shows what is wrong on the node", async () => {
  await page.evaluate(() => { window.app.graph.nodes.find((n) => n.type === "CheckpointLoaderSimple").widgets[0].value = "missing.safetensors"; });
  const posted = page.waitForResponse((r) => r.url().endsWith("/api/prompt") && r.request().method() === "POST");
  await page.keyboard.press("Control+Enter");
  const answer = await posted;
  assert.equal(answer.status(), 400);
  const { node_errors: nodeErrors } = await answer.json();
  assert.equal(Object.values(nodeErrors)[0].errors[0].type, "value_not_in_list");
  await page.waitForTimeout(500);
  await page.screenshot({ path: path.join(artefacts, "stock-4-error.png") });
  failed.splice(0, failed.length, ...failed.filter((f) => !f.endsWith("/api/prompt"))); // this one was meant
});

test("saves and lists the workflow", async () => {
  const name = "workflows%2Fe2e.json";
  const saved = await page.evaluate(async (name) => (await fetch(`/api/userdata/${name}?overwrite=false&full_info=true`, { method: "POST", body: "{}" })).json(), name);
  assert.equal(saved.path, "workflows/e2e.json");
  const listed = await page.evaluate(async () => (await fetch("/api/userdata?dir=workflows&recurse=true&split=false&full_info=true")).json());
  assert.deepEqual(listed.map((f) => f.path), ["e2e.json"]);
});

// On its first start the front end sets a setting before it has declared it, and trips over that itself (addSetting).
test("no request failed that ComfyUI answers, and no script broke", () => {
  assert.deepEqual(failed.filter((f) => !alsoMissingThere.some((known) => known.test(f))), []);
  assert.deepEqual(errors.filter((e) => !e.includes("addSetting")), []);
});
