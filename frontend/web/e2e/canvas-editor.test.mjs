// Building graphs: every test says what a person sees.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { CanvasPage } from "./canvas-page.mjs";
import { root, shared } from "./server.mjs";
import { existsSync } from "node:fs";

let c;
before(async () => (c = await CanvasPage.open()));
after(() => c?.close());
afterEach((t) => {
  if (t.error) return;
  assert.deepEqual(c.errors.splice(0), []);
  assert.deepEqual(c.failed.splice(0), []);
});

const pane = { x: 500, y: 560 }; // empty in the workflows of these tests

/** A new tab with the workflow of a first picture. */
async function firstPicture() {
  await c.page.keyboard.press("Escape");
  const panel = c.button("Workflows");
  if ((await panel.getAttribute("aria-expanded")) !== "true") await panel.click();
  const tabs = c.page.getByRole("navigation", { name: "open workflows" }).getByRole("button", { name: /^close / });
  const open = await tabs.count();
  await c.page.getByRole("button", { name: /^First picture/i }).click();
  await tabs.nth(open).waitFor();
  await panel.click();
  await c.node("Sampler").waitFor();
}

/** Drops files on the canvas, as from a folder of the desktop. */
async function drop(name, type, content) {
  const data = await c.page.evaluateHandle(([n, t, bytes]) => {
    const d = new DataTransfer();
    d.items.add(new File([Uint8Array.from(atob(bytes), (x) => x.charCodeAt(0))], n, { type: t }));
    return d;
  }, [name, type, Buffer.from(content).toString("base64")]);
  await c.page.getByRole("main").dispatchEvent("drop", { dataTransfer: data });
}

const nodes = () => c.page.getByRole("article").count();

test("a double click opens the search; what is chosen lies where it was clicked", async () => {
  await firstPicture();
  const before = await nodes();
  await c.page.getByRole("main").dblclick({ position: pane });
  await c.page.keyboard.type("upscale im");
  await c.shot("search");
  await c.page.keyboard.press("Enter");
  const added = c.node("Upscale Image");
  await added.waitFor();
  assert.equal(await nodes(), before + 1);
  await c.page.keyboard.press("Control+z");
  await added.waitFor({ state: "detached" });
  await c.page.keyboard.press("Control+Shift+z");
  await added.waitFor();
  await added.getByRole("heading").click();
  await c.page.keyboard.press("Delete");
  await added.waitFor({ state: "detached" });
  assert.equal(await nodes(), before);
});

test("a link that is dropped on the empty canvas offers what takes it, and is linked", async () => {
  await firstPicture();
  const socket = c.node("Decode").locator(".react-flow__handle-right");
  const box = await socket.boundingBox();
  await c.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await c.page.mouse.down();
  await c.page.mouse.move(700, 600, { steps: 8 });
  await c.page.mouse.up();
  const list = c.page.getByRole("listbox", { name: "nodes" });
  await list.waitFor();
  const offered = await list.getByRole("option").allInnerTexts();
  assert(offered.some((t) => t.startsWith("Preview Image")) && !offered.some((t) => t.startsWith("Load Checkpoint")), offered.join());
  await c.page.keyboard.type("preview image");
  await c.page.keyboard.press("Enter");
  await c.node("Preview Image").waitFor();
  await c.run();
  await c.node("Preview Image").getByRole("button", { name: /^open / }).waitFor({ timeout: 60_000 });
  await c.idle();
});

test("links that do not fit are not made, and fade while one is dragged", async () => {
  await firstPicture();
  const edges = () => c.page.locator(".react-flow__edge").count();
  const before = await edges();
  const from = await c.node("Decode").locator(".react-flow__handle-right").boundingBox();
  const to = c.node("Sampler").locator(".react-flow__handle-left").first();
  await c.page.mouse.move(from.x + 5, from.y + 5);
  await c.page.mouse.down();
  const at = await to.boundingBox();
  await c.page.mouse.move(at.x + 5, at.y + 5, { steps: 5 });
  assert.equal(await to.getAttribute("data-faded"), "true");
  await c.page.mouse.up();
  await c.page.keyboard.press("Escape");
  assert.equal(await edges(), before);
});

test("nodes are muted, bypassed, folded, pinned, framed and aligned by keys", async () => {
  await firstPicture();
  const sampler = c.node("Sampler");
  await sampler.getByRole("heading").click();
  for (const [key, what] of [["Control+b", "bypassed"], ["Control+m", "muted"]]) {
    await c.page.keyboard.press(key);
    await sampler.getByText(what).waitFor();
    await c.page.keyboard.press(key);
    await sampler.getByText(what).waitFor({ state: "detached" });
  }
  await c.page.keyboard.press("Alt+c");
  await sampler.getByRole("spinbutton", { name: "steps" }).waitFor({ state: "detached" });
  await c.page.keyboard.press("Alt+c");
  await sampler.getByRole("spinbutton", { name: "steps" }).waitFor();
  await c.page.keyboard.press("Control+a");
  await c.page.keyboard.press("Control+g");
  await c.page.getByRole("heading", { name: "Group" }).waitFor();
  await c.page.keyboard.press("Shift+ArrowLeft");
  const lefts = await c.page.getByRole("article").evaluateAll((all) => all.map((e) => Math.round(e.getBoundingClientRect().x)));
  assert.equal(new Set(lefts).size, 1, lefts.join());
  await c.command("Arrange the nodes");
  await c.page.waitForFunction((n) => new Set([...document.querySelectorAll("article")].map((e) => Math.round(e.getBoundingClientRect().x))).size >= n, 4);
});

test("nodes become a subgraph, one of their widgets shows outside, a run goes through it, and it is unpacked", { timeout: 120_000 }, async () => {
  await firstPicture();
  await c.node("Sampler").getByRole("heading").click();
  await c.node("Decode").getByRole("heading").click({ modifiers: ["Shift"] });
  await c.page.keyboard.press("Control+Shift+e");
  await c.page.getByRole("dialog").getByRole("textbox").fill("Draw");
  await c.page.keyboard.press("Enter");
  const draw = c.node("Draw");
  await draw.waitFor();
  assert.equal(await c.node("Sampler").count(), 0);
  await draw.getByRole("heading").dblclick();
  await c.node("Sampler").waitFor();
  await c.page.getByRole("region", { name: "inputs of the subgraph" }).getByText("positive").waitFor();
  await c.shot("subgraph");
  await c.node("Sampler").getByRole("heading").click({ button: "right" });
  await c.page.getByRole("menuitem", { name: "Show outside" }).hover();
  await c.page.getByRole("menuitem", { name: "steps" }).click();
  await c.page.getByRole("navigation", { name: "the way into this subgraph" }).getByRole("button", { name: "workflow" }).click();
  const steps = draw.getByRole("spinbutton", { name: "steps" });
  await steps.focus();
  await c.page.keyboard.press("Enter");
  await c.page.keyboard.press("Control+a");
  await c.page.keyboard.type("5");
  await c.page.keyboard.press("Enter");
  await c.run();
  const save = c.node("Save");
  await save.getByRole("img").or(save.locator("img")).first().waitFor({ timeout: 60_000 });
  await c.idle();
  await c.shot("subgraph-outside");
  await draw.getByRole("heading").click({ button: "right" });
  await c.page.getByRole("menuitem", { name: "Unpack the subgraph" }).click();
  await c.node("Sampler").waitFor();
  assert.equal(await draw.count(), 0);
  assert.equal(await c.node("Sampler").getByRole("spinbutton", { name: "steps" }).getAttribute("aria-valuenow"), "5");
  // The same graph as before with five steps: what is computed already is kept.
  await c.run();
  await c.idle();
  for (let i = 0; i < 2; i++) await c.page.keyboard.press("Control+z"); // the unpacking; a seed that was drawn goes with it
  await draw.waitFor();
});

test("a run goes to the selected node and no further", { timeout: 60_000 }, async () => {
  await firstPicture();
  await c.node("Decode").getByRole("heading").click();
  await c.page.keyboard.press("Control+Shift+Enter");
  const state = (title) => c.node(title).getAttribute("data-state");
  await c.page.waitForFunction(() => /done|kept/.test(document.querySelector('article[aria-label^="Decode, node"]')?.dataset.state ?? ""), null, { timeout: 50_000 });
  await c.idle();
  assert.equal(await state("Save"), "idle");
  await c.page.getByRole("list", { name: "results, newest first" }).getByRole("button").first().waitFor();
  await c.shot("run-to");
});

test("a view is kept under a number and shown again, as the file keeps it", async () => {
  await firstPicture();
  const place = async () => Math.round((await c.node("Sampler").boundingBox()).x);
  const fitted = await place();
  await c.page.mouse.move(pane.x, pane.y);
  await c.page.mouse.wheel(0, 400);
  await c.page.waitForFunction((x) => Math.round(document.querySelector('article[aria-label^="Sampler, node"]').getBoundingClientRect().x) !== x, fitted);
  await c.page.keyboard.press("Alt+3");
  await c.page.getByText("View 3 is kept").waitFor();
  const kept = await place();
  await c.page.keyboard.press("f");
  await c.page.waitForFunction((before) => Math.round(document.querySelector('article[aria-label^="Sampler, node"]').getBoundingClientRect().x) !== before, kept);
  await c.page.keyboard.press("3");
  await c.page.waitForFunction((before) => Math.round(document.querySelector('article[aria-label^="Sampler, node"]').getBoundingClientRect().x) === before, kept);
  await c.page.keyboard.press("4");
  await c.page.getByText("There is no view 4.").waitFor();
});

test("copies go from one tab to another, with their links", async () => {
  await firstPicture();
  await c.page.keyboard.press("Control+a");
  await c.page.keyboard.press("Control+c");
  await c.button("new workflow").click();
  assert.equal(await nodes(), 0);
  await c.page.mouse.move(600, 300);
  await c.page.keyboard.press("Control+v");
  await c.page.keyboard.press("f");
  await c.node("Sampler").waitFor();
  assert.equal(await nodes(), 7);
  await c.run();
  await c.idle();
  await c.page.keyboard.press("Escape");
  await c.page.keyboard.press("f");
  await c.node("Save").getByRole("button", { name: /^open / }).waitFor();
});

test("a value that is wrong is said at its input, and the queue leads to it", async () => {
  await firstPicture();
  const text = JSON.parse(await readFile(path.join(root, "workflows/first-picture.json"), "utf8"));
  text.nodes.find((n) => n.type === "CheckpointLoaderSimple").widgets_values[0] = "gone.safetensors";
  await drop("wrong.json", "application/json", JSON.stringify(text));
  await c.page.getByRole("button", { name: "wrong", exact: true }).waitFor();
  await c.run();
  const loader = c.page.locator("article[data-state=failed]");
  await loader.getByRole("alert").waitFor();
  assert.match(await loader.getByRole("alert").innerText(), /Value not in list/);
  assert.match(await c.page.getByRole("region", { name: "messages" }).innerText(), /cannot run\.\s+Checkpoint: ckpt_name: Value not in list/);
  await c.shot("error");
  c.failed.splice(0); // the refusal
  await c.page.evaluate(() => document.querySelectorAll('[aria-label="close the message"]').forEach((b) => b.click())); // some go by themselves meanwhile
});

test("a workflow with unknown nodes opens, says so and keeps them", async () => {
  const text = { nodes: [{ id: 7, type: "FancyNode", pos: [0, 0], size: [200, 80], title: "From elsewhere", inputs: [], outputs: [], mine: { kept: [1, 2] }, widgets_values: [1, "x"] }], links: [], version: 0.4, later: "kept" };
  await drop("fancy.json", "application/json", JSON.stringify(text));
  const fancy = c.node("From elsewhere");
  await fancy.waitFor();
  assert.match(await fancy.innerText(), /no class FancyNode/);
  const download = c.page.waitForEvent("download");
  await c.command("Download the workflow");
  const saved = JSON.parse(await readFile(await (await download).path(), "utf8"));
  assert.deepEqual(saved.nodes[0].mine, { kept: [1, 2] });
  assert.equal(saved.later, "kept");
  assert.deepEqual(saved.nodes[0].widgets_values, [1, "x"]);
});

test("files of all kinds open: a prompt for scripts, a picture with its workflow; others are refused with a reason", async () => {
  const { quickPrompt } = await import("./server.mjs");
  await drop("script.json", "application/json", JSON.stringify(await quickPrompt(5)));
  await c.node("KSampler").waitFor();
  await c.run();
  await c.idle();
  await c.page.keyboard.press("f");
  await c.node("Save Image").getByRole("button", { name: /^open / }).click();
  await c.page.getByRole("dialog").waitFor();
  await c.shot("viewer");
  await c.page.getByRole("dialog").getByRole("button", { name: "Load its workflow" }).click();
  await c.page.getByRole("button", { name: /^e2e_0/ }).first().waitFor();
  await c.node("KSampler").waitFor();
  await drop("notes.txt", "text/plain", "hello");
  await c.page.getByRole("alert").filter({ hasText: "cannot be read" }).waitFor();
  c.failed.splice(0); // the refusal
  await c.button("close the message").click();
});

test("a picture without a workflow is asked about, and becomes a character", { timeout: 60_000 }, async () => {
  await drop("mine.png", "image/png", await readFile(path.join(root, "input/scribble.png")));
  const dialog = c.page.getByRole("dialog", { name: "There is no workflow in mine.png." });
  await dialog.getByRole("button", { name: "Make this my character" }).click();
  const loader = c.page.getByRole("article").filter({ has: c.page.getByRole("button", { name: /^image mine.png/ }) });
  await loader.waitFor();
  c.failed.splice(0); // the first answer: there is no workflow in it
});

test("a mask is painted on an input picture, taken back, and read where it was painted", { timeout: 60_000 }, async () => {
  await firstPicture();
  await drop("paint.png", "image/png", await readFile(path.join(root, "input/scribble.png")));
  await c.page.getByRole("dialog", { name: "There is no workflow in paint.png." }).getByRole("button", { name: "Use it as an input" }).click();
  c.failed.splice(0); // the first answer: there is no workflow in it
  const loader = c.node("Load Image");
  await loader.getByRole("button", { name: "Paint a mask" }).click();
  const painter = c.page.getByRole("dialog", { name: "Paint what is to be drawn anew" });
  const box = await painter.getByLabel("mask", { exact: true }).boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const stroke = async (dx) => {
    await c.page.mouse.move(x + dx, y);
    await c.page.mouse.down();
    await c.page.mouse.move(x + dx + 30, y, { steps: 4 });
    await c.page.mouse.up();
  };
  await stroke(0);
  await stroke(-150);
  await c.page.keyboard.press("Control+z");
  await c.shot("mask");
  await c.page.keyboard.press("Escape");
  await painter.getByRole("alert").filter({ hasText: "not saved" }).waitFor(); // what was painted is not lost by a key
  await painter.getByRole("button", { name: "Go on painting" }).click();
  await painter.getByRole("button", { name: "Save the mask" }).click();
  await painter.waitFor({ state: "detached" });
  const image = loader.getByRole("button", { name: /^image clipspace\/paint-mask/ });
  assert.equal(await image.getAttribute("data-missing"), "false"); // it lies in a folder that the list does not have
  const alpha = await c.page.evaluate(async () => {
    const blob = await (await fetch("./api/view?filename=paint-mask.png&subfolder=clipspace&type=input&channel=a")).blob();
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const at = (fx) => context.getImageData(bitmap.width * fx, bitmap.height / 2, 1, 1).data[3];
    return { middle: at(0.5), left: at(0.05) };
  });
  assert.deepEqual(alpha, { middle: 0, left: 255 });
});

test("saved actors are chosen by their faces", async () => {
  await firstPicture();
  await c.page.getByRole("main").dblclick({ position: pane });
  await c.page.keyboard.type("load actor");
  await c.page.keyboard.press("Enter");
  await c.node("Load Actor").getByRole("button", { name: /^actor_name/ }).click();
  const faces = c.page.getByRole("option").locator("img");
  await faces.nth(1).waitFor();
  await c.page.waitForFunction(() => [...document.querySelectorAll("[role=option] img")].every((i) => i.complete && i.naturalWidth > 0));
  await c.shot("choices");
  await c.page.keyboard.press("Escape");
});

test("the storybook: scenes as cards, another picture for one, the page", { timeout: 180_000 }, async () => {
  await c.button("Storybook").click();
  const book = c.page.getByRole("dialog", { name: "Storybook" });
  await book.getByRole("textbox", { name: "one scene a line" }).fill("in a forest | First\non a beach\nin a city\non the moon | Last");
  assert.equal(await book.getByRole("textbox", { name: /^prompt of scene/ }).count(), 4);
  await book.getByRole("button", { name: "Draw the story" }).click();
  await book.getByRole("button", { name: "open scene 4" }).waitFor({ timeout: 120_000 });
  await book.getByRole("button", { name: "Show the page" }).waitFor();
  await book.getByRole("button", { name: "Draw the story" }).waitFor({ timeout: 60_000 });
  await c.shot("storybook");
  const pictures = () => book.locator("ol img").evaluateAll((all) => Promise.all(all.map(async (img) => {
    await img.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
    canvas.getContext("2d").drawImage(img, 0, 0, 32, 32);
    return canvas.toDataURL();
  })));
  const before = await pictures();
  await book.getByRole("button", { name: "another picture for scene 2" }).click();
  assert.match(await book.getByRole("textbox", { name: "one scene a line" }).inputValue(), /on a beach \| seed \d+\n/);
  await book.getByRole("button", { name: "Drawing…" }).waitFor();
  await book.getByRole("button", { name: "Draw the story" }).waitFor({ timeout: 60_000 });
  const after = await pictures();
  assert.deepEqual(after.map((p, i) => p !== before[i]), [false, true, false, false]);
  await book.getByRole("button", { name: "close the storybook" }).click();
});

test("what is saved is there again, what is open survives a reload", async () => {
  await firstPicture();
  await c.page.keyboard.press("Control+s");
  await c.page.getByRole("textbox", { name: "Save the workflow as" }).fill("mine");
  await c.page.keyboard.press("Enter");
  await c.page.getByRole("button", { name: "mine", exact: true }).waitFor();
  await c.node("Sampler").getByRole("heading").click();
  await c.page.keyboard.press("Control+b");
  await c.page.getByRole("navigation", { name: "open workflows" }).getByLabel("not saved").first().waitFor();
  const tabs = await c.page.getByRole("navigation", { name: "open workflows" }).innerText();
  while (!(await c.kept()).some((t) => t.name === "mine" && t.changed)); // a second after the change
  await c.page.reload();
  await c.node("Sampler").getByText("bypassed").waitFor();
  assert.equal(await c.page.getByRole("navigation", { name: "open workflows" }).innerText(), tabs);
});

test("a run is found again after a reload, and what it made is shown again after the next", { timeout: 120_000 }, async () => {
  await firstPicture();
  const text = JSON.parse(await readFile(path.join(root, "workflows/first-picture.json"), "utf8"));
  text.nodes.find((n) => n.type === "KSampler").widgets_values[2] = 400; // steps
  await drop("long.json", "application/json", JSON.stringify(text));
  await c.page.getByRole("button", { name: "long", exact: true }).waitFor();
  await c.run();
  await c.node("Sampler").getByRole("progressbar").waitFor();
  while (!(await c.kept()).some((t) => t.name === "long" && t.prompt)); // a second after the change
  await c.page.reload();
  await c.node("Sampler").getByRole("progressbar").waitFor();
  await c.node("Save").getByRole("button", { name: /^open / }).waitFor({ timeout: 60_000 });
  await c.idle();
  await c.page.reload();
  await c.node("Save").getByRole("button", { name: /^open / }).waitFor();
});

test("two pictures are compared with a line between them", async () => {
  await c.page.getByRole("list", { name: "results, newest first" }).getByRole("button").first().click();
  const viewer = c.page.getByRole("dialog");
  await viewer.getByRole("button", { name: "Compare" }).click();
  const line = viewer.getByRole("slider");
  const seen = () => viewer.locator("img").nth(1).evaluate((img) => getComputedStyle(img).clipPath);
  const half = await seen();
  await line.press("End");
  assert.notEqual(await seen(), half);
  await c.shot("compare");
  await viewer.getByRole("button", { name: "close" }).click();
});

test("the right button has a menu, Ctrl-K finds everything", async () => {
  await firstPicture();
  await c.node("Sampler").getByRole("heading").click({ button: "right" });
  await c.shot("menu");
  await c.page.getByRole("menuitem", { name: /^Duplicate/ }).click();
  assert.equal(await c.node("Sampler").count(), 2);
  await c.page.keyboard.press("Delete");
  await c.page.keyboard.press("Control+k");
  await c.page.keyboard.type("robot");
  assert.match(await c.page.getByRole("listbox", { name: "results" }).innerText(), /robot\s+actor/);
  await c.page.keyboard.press("Escape");
  await c.page.getByRole("listbox", { name: "results" }).waitFor({ state: "detached" });
});

test("a workflow of five megabytes opens", { timeout: 60_000 }, async () => {
  const many = { nodes: [], links: [], version: 0.4 };
  for (let i = 1; i <= 60; i++) many.nodes.push({ id: i, type: "CLIPTextEncode", pos: [(i % 10) * 420, Math.floor(i / 10) * 260], size: [400, 200], widgets_values: ["a robot ".repeat(11_000)] });
  await drop("large.json", "application/json", JSON.stringify(many));
  await c.page.getByRole("button", { name: "large", exact: true }).waitFor();
  await c.page.keyboard.press("f");
  await c.page.waitForFunction(() => document.querySelectorAll("article").length >= 60);
});

test("before a long run it is said how long it takes", async () => {
  await firstPicture();
  const estimate = c.page.getByRole("note", { name: "estimate of the run" });
  const number = async (name, value) => {
    await c.node("Size").getByRole("spinbutton", { name }).focus();
    await c.page.keyboard.press("Enter");
    await c.page.getByRole("textbox", { name }).fill(String(value));
    await c.page.keyboard.press("Enter");
  };
  assert.equal(await estimate.count(), 0, "a run of a second was estimated");
  await number("batch_size", 4000);
  await estimate.filter({ hasText: /^about \d+ (s|min)/ }).waitFor();
  await c.shot("estimate");
  await number("batch_size", 1);
  await estimate.waitFor({ state: "detached" });
});

test("a colour is picked", async () => {
  await firstPicture();
  await c.page.getByRole("main").dblclick({ position: pane });
  await c.page.keyboard.type("EmptyImage");
  await c.page.keyboard.press("Enter");
  const colour = c.node("Empty ?Image").getByLabel("color", { exact: true });
  await colour.fill("#ff8000");
  await c.node("Empty ?Image").getByText("#ff8000").waitFor();
  await c.page.keyboard.press("Control+z");
  await c.node("Empty ?Image").getByText("#000000").waitFor();
});

test("a full browser storage is said, and what is saved on the server is not lost", { timeout: 60_000 }, async () => {
  await firstPicture();
  await c.page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("The disk is full.", "QuotaExceededError");
    };
  });
  await c.node("Prompt").getByRole("textbox").fill("a full house");
  await c.page.getByText("The browser cannot keep your changes: its storage is full or closed.").waitFor();
  await c.shot("storage-full");
  await c.page.keyboard.press("Control+s");
  await c.page.getByRole("dialog").getByRole("textbox").fill("house");
  await c.page.keyboard.press("Enter");
  await c.page.getByRole("dialog").waitFor({ state: "detached" });
  const { status, text } = await c.page.evaluate(async () => {
    const r = await fetch("/api/userdata/workflows%2Fhouse.json");
    return { status: r.status, text: await r.text() };
  });
  assert.equal(status, 200);
  assert(text.includes("a full house"));
  await c.page.reload();
  await c.button("Run").waitFor();
});

test("the server is gone: it is said, nothing is lost, and it goes on", { timeout: 60_000 }, async () => {
  await firstPicture();
  await c.context.setOffline(true);
  await c.run();
  await c.page.getByRole("alert").filter({ hasText: "does not answer" }).waitFor();
  assert.equal(await nodes(), 7);
  await c.context.setOffline(false);
  await c.page.evaluate(() => document.querySelectorAll('[aria-label="close the message"]').forEach((b) => b.click()));
  await c.run();
  await c.idle();
  c.errors.splice(0);
});

test("nothing keeps people out: axe finds nothing serious, in dark and light", async () => {
  await firstPicture();
  const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  for (const theme of ["dark", "light"]) {
    await c.page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
    await c.page.evaluate(source);
    const found = await c.page.evaluate(async () => (await axe.run({ resultTypes: ["violations"] })).violations
      .filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" ")}`));
    await c.shot(theme);
    assert.deepEqual(found, [], theme);
  }
});

test("a real workflow of each kind opens as it is", { skip: !existsSync(path.join(shared, "comfyui-workflows")) && "the shared workflows are not here" }, async () => {
  for (const name of ["morning_day_evening_night", "sdxl_simple_example"]) {
    const text = await readFile(path.join(shared, "comfyui-workflows", `${name}.workflow.json`), "utf8");
    await drop(`${name}.json`, "application/json", text);
    await c.page.getByRole("button", { name, exact: true }).waitFor();
    await c.page.keyboard.press("f");
    await c.page.waitForFunction((n) => document.querySelectorAll("article").length === n, JSON.parse(text).nodes.length);
    await c.shot(`workflow-${name}`);
  }
});
