// The canvas under fingers, on a screen that has no mouse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CanvasPage } from "./canvas-page.mjs";

let c, devtools;
before(async () => {
  c = await CanvasPage.open({ hasTouch: true, viewport: { width: 1024, height: 768 } });
  devtools = await c.context.newCDPSession(c.page);
  await c.button("Workflows").tap();
  await c.page.getByRole("button", { name: /^First picture/i }).tap();
  await c.node("Sampler").waitFor();
  await c.button("Workflows").tap();
});
after(() => c?.close());

const points = (list) => list.map(([x, y], id) => ({ x, y, id }));

/** Fingers go down, on a way in steps, and up. */
async function fingers(from, to, steps = 8) {
  const send = (type, list) => devtools.send("Input.dispatchTouchEvent", { type, touchPoints: points(list) });
  await send("touchStart", from);
  for (let i = 1; i <= steps; i++) await send("touchMove", from.map(([x, y], k) => [x + ((to[k][0] - x) * i) / steps, y + ((to[k][1] - y) * i) / steps]));
  await send("touchEnd", []);
}

const box = async (title) => c.node(title).boundingBox();

test("a tap selects, a finger moves nodes and the canvas, two fingers zoom", async () => {
  await c.node("Decode").getByRole("heading").tap();
  assert.equal(await c.node("Decode").getAttribute("data-selected"), "true");
  const before = await box("Decode");
  await fingers([[before.x + 60, before.y + 8]], [[before.x + 60, before.y + 108]]);
  const moved = await box("Decode");
  assert(moved.y - before.y > 60 && moved.y - before.y < 110, `the node went from ${before.y} to ${moved.y}`);
  await fingers([[500, 620]], [[560, 560]]);
  const panned = await box("Decode");
  assert(Math.abs(panned.x - moved.x - 60) < 16 && Math.abs(panned.y - moved.y + 60) < 16, "the canvas did not follow the finger");
  await fingers([[450, 620], [550, 620]], [[400, 620], [600, 620]]);
  const zoomed = await box("Decode");
  assert(zoomed.width > 1.5 * panned.width, `the node is ${zoomed.width} wide after two fingers went apart, ${panned.width} before`);
  assert.deepEqual(c.errors.splice(0), []);
});

test("a number is dragged and typed, a long press opens the menu", async () => {
  await c.page.keyboard.press("f");
  const steps = c.node("Sampler").getByRole("spinbutton", { name: "steps" });
  const b = await steps.boundingBox();
  await fingers([[b.x + 20, b.y + b.height / 2]], [[b.x + 60, b.y + b.height / 2]]);
  const dragged = Number(await steps.getAttribute("aria-valuenow"));
  assert(dragged > 20, `${dragged} steps after a drag to the right`);
  const head = await c.node("Negative prompt").getByRole("heading").boundingBox();
  await devtools.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: points([[head.x + 10, head.y + 5]]) });
  await c.page.getByRole("menuitem", { name: "Bypass" }).waitFor();
  await devtools.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await c.shot("touch-menu");
  await c.page.getByRole("menuitem", { name: "Bypass" }).tap();
  await c.node("Negative prompt").getByText("bypassed").waitFor();
  assert.deepEqual(c.errors.splice(0), []);
});

test("a whole run by touch", { timeout: 60_000 }, async () => {
  await c.page.keyboard.press("Control+z");
  await c.button("Run").tap();
  await c.page.getByRole("list", { name: "results, newest first" }).getByRole("button").first().waitFor({ timeout: 50_000 });
  await c.page.getByRole("list", { name: "results, newest first" }).getByRole("button").first().tap();
  await c.page.getByRole("dialog").waitFor();
  assert.deepEqual(c.failed.splice(0), []);
});
