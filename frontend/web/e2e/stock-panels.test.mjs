// The panels of ComfyUI's own front end: models, templates, the log, uploads, masks, saved workflows, the queue, settings.
import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { artefacts, pngSize, root, sharedWorkflow } from "./server.mjs";
import { StockPage } from "./stock-page.mjs";

let stock, page;

before(async () => {
  stock = await StockPage.open();
  await copyFile(path.join(root, "input/my-character.png"), path.join(stock.server.dir, "input/example.png"));
  page = stock.page;
});
after(() => stock?.close());

const answered = (method, start) => page.waitForResponse((r) => r.request().method() === method && r.url().slice(stock.server.url.length).startsWith(start));

test("opens a template", async () => {
  const template = answered("GET", "/templates/create-an-actor.json");
  await page.locator(".p-dialog").getByText("Create an actor").click();
  assert.equal((await template).status(), 200);
  await page.waitForFunction(() => window.app.graph.nodes.some((n) => n.type === "TuneActor"));
  await stock.shot("7-template");
});

test("lists models", async () => {
  const listed = answered("GET", "/api/experiment/models/checkpoints");
  await stock.command("Workspace.ToggleSidebarTab.model-library");
  await page.locator(".p-tree-node-label").getByText("checkpoints", { exact: true }).click();
  assert.deepEqual((await (await listed).json()).map((m) => m.name), ["tiny-actors.safetensors"]);
  await page.locator(".p-tree-node-leaf").getByText("tiny-actors").waitFor();
  await stock.shot("8-models");
});

test("shows the log", async () => {
  const subscribed = answered("PATCH", "/internal/logs/subscribe");
  await stock.command("Workspace.ToggleBottomPanelTab.logs-terminal");
  assert.equal((await subscribed).status(), 200);
  await page.locator(".xterm-rows").getByText("To see the GUI go to").waitFor();
  await stock.command("Workspace.ToggleBottomPanelTab.logs-terminal");
});

test("uploads a picture, draws a mask on it, and runs", async () => {
  const workflow = await sharedWorkflow("img2img_workflow");
  const file = path.join(artefacts, "img2img.json");
  await writeFile(file, JSON.stringify(workflow));
  await stock.openFile(file, workflow.nodes.length);
  const shown = (name) => page.waitForFunction((name) => {
    const node = window.app.graph.nodes.find((n) => n.type === "LoadImage");
    return node.widgets[0].value.includes(name) && node.imgs?.[0]?.complete && node.imgs[0].naturalWidth === 128;
  }, name);
  const chooser = page.waitForEvent("filechooser");
  await page.evaluate(() => window.app.graph.nodes.find((n) => n.type === "LoadImage").widgets.find((w) => w.name === "upload").callback());
  await (await chooser).setFiles(path.join(root, "input/my-character.png"));
  await shown("my-character.png");

  await page.evaluate(() => window.app.canvas.selectNode(window.app.graph.nodes.find((n) => n.type === "LoadImage")));
  const alpha = answered("GET", "/api/view?type=input&filename=my-character.png");
  await stock.command("Comfy.MaskEditor.OpenMaskEditor");
  await alpha;
  await page.locator("#maskEditor_brush").waitFor({ state: "attached" });
  await page.mouse.move(680, 350);
  await page.mouse.down();
  await page.mouse.move(720, 380, { steps: 5 });
  await page.mouse.up();
  await stock.shot("9-mask");
  const mask = answered("POST", "/api/upload/mask");
  await page.getByText("Save", { exact: true }).last().click();
  assert.equal((await mask).status(), 200);
  await shown("clipspace/clipspace-painted-masked");
  const { body } = await stock.queue();
  const entry = await stock.ended(body.prompt_id);
  assert.equal(entry.status.status_str, "success", JSON.stringify(entry.status));
  const [image] = Object.values(entry.outputs)[0].images;
  assert.deepEqual(pngSize(await readFile(path.join(stock.server.dir, "output", image.filename))), { width: 128, height: 128 });
});

test("the queue shows what was done, and deletes it", async () => {
  await stock.command("Workspace.ToggleSidebarTab.queue");
  await page.waitForFunction(() => [...document.querySelectorAll(".side-bar-panel img")].some((i) => i.complete && i.naturalWidth === 128));
  await stock.shot("10-queue");
  const cleared = answered("POST", "/api/history");
  await page.locator(".side-bar-panel").hover();
  await page.locator(".side-bar-panel .p-toolbar button .pi-trash").click();
  await page.locator(".p-confirmpopup-accept-button, .p-confirmdialog-accept-button").click();
  assert.equal((await cleared).status(), 200);
  assert.deepEqual(await (await fetch(`${stock.server.url}/history`)).json(), {});
});

test("saves the workflow, and opens it after a new start", async () => {
  const saved = answered("POST", "/api/userdata/workflows%2F");
  await stock.command("Comfy.SaveWorkflow");
  await page.locator(".p-dialog input").fill("mine");
  await page.keyboard.press("Enter");
  assert.deepEqual([(await saved).status(), (await (await saved).json()).path], [200, "workflows/mine.json"]);
  await page.evaluate(() => { sessionStorage.clear(); localStorage.clear(); });
  await stock.load();
  await stock.command("Workspace.ToggleSidebarTab.workflows");
  const opened = answered("GET", "/api/userdata/workflows%2Fmine.json");
  await page.locator(".side-bar-panel").getByText("mine.json").click();
  assert.equal((await opened).status(), 200);
  await page.waitForFunction(() => window.app.graph.nodes.some((n) => n.type === "LoadImage"));
  await stock.shot("11-workflows");
});

test("keeps settings", async () => {
  const kept = answered("POST", "/api/settings/Comfy.ColorPalette");
  await stock.command("Comfy.ToggleTheme");
  assert.equal((await kept).status(), 200);
  await stock.load();
  await stock.command("Comfy.ShowSettingsDialog");
  await page.locator(".p-dialog").getByText("About", { exact: true }).click();
  await page.locator(".p-dialog").getByText("ComfyUI 0.3.64").waitFor();
  await stock.shot("12-settings");
  assert.equal(await page.evaluate(() => window.app.extensionManager.setting.get("Comfy.ColorPalette")), "light");
});

test("no request failed that ComfyUI answers, and no script broke", () => {
  assert.deepEqual(stock.problems(), { failed: [], errors: [] });
});
