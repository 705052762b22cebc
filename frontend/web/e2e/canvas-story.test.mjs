// The story of an actor, by mouse alone (design: canvas.md 2).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CanvasPage } from "./canvas-page.mjs";

let c;
before(async () => (c = await CanvasPage.open()));
after(() => c?.close());

test("the demo is open and fitted, and Run fills the base set", { timeout: 180_000 }, async () => {
  for (const title of ["Checkpoint", "2 Choose the character", "Contact sheet"]) {
    const box = await c.node(title).boundingBox();
    assert(box.x >= 0 && box.x + box.width <= 1366 && box.y >= 40 && box.y + box.height <= 768, `${title} is not in sight: ${JSON.stringify(box)}`);
  }
  await c.shot("start");
  await c.run();
  const pictures = c.node("2 Choose the character").getByRole("radio");
  await pictures.nth(10).waitFor({ timeout: 60_000 });
  assert.equal(await pictures.count(), 11);
  assert.equal(await c.node("2 Choose the character").getByRole("radio", { checked: true }).getAttribute("aria-label"), "picture 8");
  await c.idle();
  await c.shot("ran");
  assert.match(await c.node("3 Tune the actor").innerText(), /\d+\.\d s/);
  await c.page.getByRole("list", { name: "results, newest first" }).getByRole("button").first().waitFor();
});

test("a click chooses another target: what follows is stale, what is before is kept", { timeout: 180_000 }, async () => {
  await c.zoomTo("2 Choose the character");
  await c.node("2 Choose the character").getByRole("radio", { name: "picture 2" }).click();
  assert.equal(await c.node("2 Choose the character").getByRole("radio", { checked: true }).getAttribute("aria-label"), "picture 2");
  await c.page.keyboard.press("f");
  assert.match(await c.node("3 Tune the actor").innerText(), /stale/);
  assert.doesNotMatch(await c.node("1 Base set").innerText(), /stale/);
  await c.run();
  await c.node("1 Base set").getByText("kept").waitFor();
  await c.node("3 Tune the actor").getByRole("progressbar").waitFor();
  await c.shot("tuning");
  await c.idle();
  assert.match(await c.node("3 Tune the actor").innerText(), /\d+\.\d s/);
  assert.doesNotMatch(await c.node("Contact sheet").innerText(), /stale|failed/);
});

test("dragging v runs only what depends on it", { timeout: 120_000 }, async () => {
  await c.zoomTo("With the actor, node 11"); // two nodes have this title
  const v = c.node("With the actor, node 11").getByRole("spinbutton", { name: "v", exact: true });
  const before = await v.getAttribute("aria-valuetext");
  const box = await v.boundingBox();
  await c.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await c.page.mouse.down();
  await c.page.mouse.move(box.x + box.width / 2 + 25, box.y + box.height / 2, { steps: 5 });
  await c.page.mouse.up();
  assert.equal(Number(await v.getAttribute("aria-valuetext")), Number(before) + 0.2);
  await c.page.keyboard.press("f");
  await c.run();
  await c.node("3 Tune the actor").getByText("kept").waitFor();
  await c.idle();
});

test("the actor is saved to the cast and appears there with its picture", { timeout: 60_000 }, async () => {
  await c.zoomTo("3 Tune the actor");
  await c.node("3 Tune the actor").getByRole("button", { name: "save to cast" }).click();
  await c.page.getByRole("textbox", { name: "Save the character as" }).fill("hazel");
  await c.page.getByRole("dialog").getByRole("button", { name: "Save to cast" }).click();
  const hazel = c.page.getByRole("list", { name: "actors" }).getByRole("button", { name: /^hazel/ });
  await hazel.waitFor();
  assert(await hazel.locator("img").evaluate((img) => img.decode().then(() => img.naturalWidth > 0)));
  await c.shot("cast");
});

test("dragged from the cast onto another workflow, the actor arrives wired in", { timeout: 120_000 }, async () => {
  await c.button("Workflows").click();
  await c.page.getByRole("button", { name: /^First picture/i }).click();
  await c.node("KSampler|Sampler").first().waitFor();
  await c.button("Cast").click();
  await c.page.getByRole("list", { name: "actors" }).getByRole("button", { name: /^robot/ }).dragTo(c.page.getByRole("main"), { targetPosition: { x: 500, y: 120 } });
  await c.node("Apply Actor").waitFor();
  await c.run();
  await c.node("Apply Actor").getByText(/\d+\.\d s/).waitFor({ timeout: 60_000 });
  await c.idle();
  await c.page.keyboard.press("f");
  await c.shot("actor-in-a-workflow");
});

test("nothing failed on the way", () => {
  assert.deepEqual(c.errors, []);
  assert.deepEqual(c.failed, []);
});

test("a change of v runs at once, and the pictures before and after stand side by side", { timeout: 180_000 }, async () => {
  await c.button("Workflows").click();
  await c.page.getByRole("button", { name: /^Use an actor/i }).click();
  const apply = c.node("Apply actor");
  await apply.waitFor();
  await c.button("Workflows").click();
  await c.zoomTo("Apply actor");
  await c.run();
  const strip = apply.getByRole("list", { name: "before and after" });
  await strip.getByRole("listitem").waitFor({ timeout: 90_000 });
  await c.idle();
  await apply.getByRole("checkbox", { name: "run while I change this" }).check();
  await apply.getByRole("spinbutton", { name: "v" }).focus();
  for (let i = 0; i < 20; i++) await c.page.keyboard.press("ArrowDown"); // to 0: the plain model
  await strip.getByText("now: v 0", { exact: true }).waitFor({ timeout: 90_000 });
  await c.idle();
  assert.deepEqual(await strip.getByRole("listitem").allInnerTexts(), ["before: v 1", "now: v 0"]);
  const [before, now] = await strip.locator("img").evaluateAll((list) => list.map((i) => i.src));
  assert.notEqual(before, now);
  await c.shot("before-after");
  await strip.getByRole("button").last().click();
  await c.page.getByRole("dialog").waitFor();
  await c.page.keyboard.press("Escape");
  await apply.getByRole("checkbox", { name: "run while I change this" }).uncheck();
});
