// ComfyUI's own front end, unmodified, against our server: nodes, a shared workflow, progress, previews, pictures, errors.
import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { artefacts, pngSize, pngTexts, root, sharedWorkflow } from "./server.mjs";
import { StockPage } from "./stock-page.mjs";

let stock, page;
const workflow = path.join(artefacts, "workflow.json");

before(async () => {
  stock = await StockPage.open();
  await copyFile(path.join(root, "input/my-character.png"), path.join(stock.server.dir, "input/example.png"));
  page = stock.page;
});
after(() => stock?.close());

/** Writes a shared workflow for the demo checkpoint and opens it. */
async function openShared(name, steps) {
  const made = await sharedWorkflow(name, steps);
  await writeFile(workflow, JSON.stringify(made));
  await stock.openFile(workflow, made.nodes.length);
  return made;
}

test("lists our nodes", async () => {
  await stock.shot("1-loaded");
  await stock.closeDialog(); // the templates, which greet a new user
  const types = await page.evaluate(() => Object.keys(window.LiteGraph.registered_node_types));
  const declared = Object.keys(await (await fetch(`${stock.server.url}/object_info`)).json());
  assert.deepEqual(declared.filter((name) => !types.includes(name)), []);
  await stock.command("Workspace.ToggleSidebarTab.node-library");
  await page.getByPlaceholder("Search Nodes...").fill("Cluster Sampler");
  await page.locator(".p-tree-node-leaf").getByText("Cluster Sampler", { exact: true }).waitFor();
  await stock.shot("2-nodes");
  await stock.command("Workspace.ToggleSidebarTab.node-library");
});

test("opens a shared workflow and runs it: progress, previews, the picture", async () => {
  await openShared("hiresfix_latent_workflow", 20);
  await page.evaluate(() => {
    window.titles = [];
    new MutationObserver(() => window.titles.push(document.title)).observe(document.querySelector("title"), { childList: true });
  });
  stock.frames.length = 0;
  const { status, body } = await stock.queue();
  assert.equal(status, 200, JSON.stringify(body));
  const preview = await (await page.waitForFunction(() => {
    const image = window.app.graph.nodes.find((n) => n.type === "KSampler" && n.imgs?.length)?.imgs[0];
    return image?.complete && image.naturalWidth > 0 && { src: image.src, side: image.naturalWidth };
  }, null, { timeout: 60_000 })).jsonValue();
  await stock.shot("3-running");
  assert.match(preview.src, /^blob:/);
  assert.equal(preview.side, 512);
  const entry = await stock.ended(body.prompt_id);
  assert.equal(entry.status.status_str, "success", JSON.stringify(entry.status));

  await page.waitForFunction(() => window.app.graph.nodes.filter((n) => n.type === "SaveImage").every((n) => n.imgs?.length > 0 && n.imgs[0].complete), null, { timeout: 20_000 });
  await stock.shot("4-done");
  const shown = await page.evaluate(() => window.app.graph.nodes.filter((n) => n.type === "SaveImage").map((n) => [String(n.id), n.imgs[0].naturalWidth, n.imgs[0].naturalHeight]));
  for (const [id, width, height] of shown) {
    const [image] = entry.outputs[id].images;
    assert.deepEqual(pngSize(await readFile(path.join(stock.server.dir, "output", image.subfolder, image.filename))), { width, height });
  }
  assert.deepEqual(shown.map(([, width]) => width).sort(), [128, 192]);
  const titles = await page.evaluate(() => window.titles);
  assert.ok(titles.some((t) => /\[[1-9]\d?%\]/.test(t)), `no progress in the titles ${[...new Set(titles)]}`);

  const messages = stock.messages(), kinds = messages.map((m) => m.type);
  for (const kind of ["status", "execution_start", "execution_cached", "executing", "progress", "progress_state", "executed", "execution_success"]) {
    assert.ok(kinds.includes(kind), `no message ${kind} among ${[...new Set(kinds)]}`);
  }
  assert.ok(stock.frames.some((s) => typeof s !== "string" && s.readUInt32BE(0) === 4), "no preview with metadata");
});

test("opens the workflow that a picture carries", async () => {
  const made = JSON.parse(await readFile(workflow, "utf8"));
  const [image] = Object.values((await (await fetch(`${stock.server.url}/history?max_items=1`)).json()))
    .flatMap((entry) => Object.values(entry.outputs)).flatMap((o) => o.images);
  const file = path.join(stock.server.dir, "output", image.filename);
  assert.deepEqual(Object.keys(pngTexts(await readFile(file))), ["prompt", "workflow"]);
  await stock.openFile(file, made.nodes.length);
});

test("stops a run", async () => {
  await openShared("hiresfix_latent_workflow", 5000);
  stock.frames.length = 0;
  const { body } = await stock.queue();
  await page.waitForFunction(() => /\[\d+%\]/.test(document.title), null, { timeout: 60_000 });
  await page.locator('button[aria-label="Cancel current run"]').click();
  const entry = await stock.ended(body.prompt_id);
  assert.deepEqual([entry.status.status_str, entry.status.completed], ["error", false]);
  assert.ok(stock.messages().some((m) => m.type === "execution_interrupted" && m.data.prompt_id === body.prompt_id));
});

test("shows a value that is not in the list", async () => {
  await page.evaluate(() => { window.app.graph.nodes.find((n) => n.type === "CheckpointLoaderSimple").widgets[0].value = "missing.safetensors"; });
  const { status, body } = await stock.queue();
  assert.equal(status, 400);
  assert.equal(Object.values(body.node_errors)[0].errors[0].type, "value_not_in_list");
  await page.locator(".p-dialog").getByText("Value not in list: ckpt_name: 'missing.safetensors'").waitFor();
  await stock.shot("5-wrong-value");
  await stock.closeDialog();
  assert.equal(stock.failed.pop(), "400 POST /api/prompt"); // these two were meant
  assert.match(stock.errors.pop(), /PromptExecutionError/);
});

test("shows the error of a node", async () => {
  await openShared("img2img_workflow", 4);
  await writeFile(path.join(stock.server.dir, "input", "broken.png"), "this is no picture");
  await page.evaluate(() => { window.app.graph.nodes.find((n) => n.type === "LoadImage").widgets[0].value = "broken.png"; });
  const { body } = await stock.queue();
  const entry = await stock.ended(body.prompt_id);
  const failure = entry.status.messages.find(([kind]) => kind === "execution_error")[1];
  assert.equal(failure.node_type, "LoadImage");
  await page.locator(".p-dialog").getByText(failure.exception_message.trim()).first().waitFor();
  await stock.shot("6-node-error");
  await stock.closeDialog();
});

test("no request failed that ComfyUI answers, and no script broke", () => {
  assert.deepEqual(stock.problems(), { failed: [], errors: [] });
});
