// Our own canvas in a browser, and what goes wrong in it.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { chromium } from "playwright-core";
import { artefacts, startOwnServer } from "./server.mjs";

/** What is not there until a user has saved something. */
const notThereYet = /^404 GET \/api\/userdata\?dir=workflows/;

/** A running server and a page with the canvas. Everything on the page is found by what a person sees or hears. */
export class CanvasPage {
  failed = []; // "STATUS METHOD PATH"
  errors = []; // of scripts, and on the console

  static async open({ args = [], ...options } = {}) {
    const c = new CanvasPage();
    await mkdir(artefacts, { recursive: true });
    c.server = await startOwnServer(...args);
    try {
      c.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
      c.context = await c.browser.newContext({ viewport: { width: 1366, height: 768 }, colorScheme: "dark", acceptDownloads: true, ...options });
      await c.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: c.server.url });
      c.page = await c.newPage();
    } catch (e) {
      await c.close();
      throw e;
    }
    return c;
  }

  async newPage() {
    const page = await this.context.newPage();
    page.setDefaultTimeout(15_000);
    page.on("response", (r) => {
      const problem = `${r.status()} ${r.request().method()} ${r.url().slice(this.server.url.length)}`;
      if (r.status() >= 400 && !notThereYet.test(problem)) this.failed.push(problem);
    });
    page.on("pageerror", (e) => this.errors.push(e.stack ?? String(e)));
    page.on("console", (m) => {
      if (m.type() === "error" && !m.text().startsWith("Failed to load resource")) this.errors.push(`console: ${m.text()}`);
    });
    await page.goto(this.server.url);
    await page.getByRole("button", { name: "Run", exact: true }).waitFor();
    return page;
  }

  async close() {
    await this.browser?.close();
    await this.server.stop();
  }

  /** The node with a title, which may have the node's number behind it: "Plain, node 14". */
  node(title) {
    return this.page.getByRole("article", { name: new RegExp(title.includes(", node") ? `^${title}$` : `^${title}, node`) });
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  async run() {
    await this.button("Run").click();
  }

  /** Waits until nothing is left to do. */
  async idle(timeout = 120_000) {
    await this.page.getByRole("status").filter({ hasText: /^ready$/ }).waitFor({ timeout });
  }

  /** What the browser keeps of the open workflows. */
  kept() {
    return this.page.evaluate(async () => {
      await new Promise(requestAnimationFrame);
      if (!(await indexedDB.databases()).some((d) => d.name === "keyval-store")) return []; // opening it would make it
      const answer = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
      const db = await answer(indexedDB.open("keyval-store"));
      const list = await answer(db.transaction("keyval").objectStore("keyval").get("oneactor.tabs"));
      db.close();
      return list ?? [];
    });
  }

  async shot(name) {
    await this.page.screenshot({ path: path.join(artefacts, `canvas-${name}.png`) });
  }

  /** Brings a node to a readable size in the middle of the canvas. */
  async zoomTo(title) {
    const box = await this.node(title).boundingBox();
    await this.page.mouse.move(box.x + box.width / 2, box.y + 8);
    for (let i = 0; i < 30; i++) {
      const now = await this.node(title).boundingBox();
      if (now.width > 260) break;
      await this.page.mouse.wheel(0, -120);
      await this.page.waitForFunction(([el, width]) => el.getBoundingClientRect().width !== width, [await this.node(title).elementHandle(), now.width]);
    }
  }

  /** A command by its name, as a person finds it with Ctrl-K. */
  async command(name) {
    await this.page.keyboard.press("Control+k");
    await this.page.keyboard.type(name);
    await this.page.keyboard.press("Enter");
  }
}
