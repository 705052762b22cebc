// ComfyUI's own front end in a browser, and what goes wrong in it.
import { once, EventEmitter } from "node:events";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { chromium } from "playwright-core";
import { artefacts, startServer, stockFrontEnd } from "./server.mjs";

/** What a ComfyUI without saved data answers with 404 as well: files and folders of the user that are not there yet, and pictures of models that have none. */
const missingThereToo = new Set(["/user.css", "/api/userdata/user.css", "/api/userdata/comfy.templates.json", "/api/userdata/workflows%2F.index.json",
  "/api/userdata?dir=workflows", "/api/userdata?dir=subgraphs%2F", "/api/experiment/models/preview/checkpoints/0/tiny-actors.webp"].map((p) => `404 GET ${p}`));

/** Until a setting of its own is saved, the front end changes it before it has declared it, and trips over that. */
const tripsOverItself = /^TypeError: Cannot read properties of undefined \(reading 'id'\)\n(.*\n)*.*Proxy\.addSetting/;

/** A running server and a page with the front end. */
export class StockPage {
  failed = []; // "STATUS METHOD PATH"
  errors = []; // of scripts, and on the console
  frames = []; // of the websocket
  #ended = new Set();
  #whenEnded = new EventEmitter();

  static async open() {
    const s = new StockPage();
    await mkdir(artefacts, { recursive: true });
    s.server = await startServer("--front-end-root", await stockFrontEnd());
    try {
      s.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
      s.page = await s.browser.newPage({ viewport: { width: 1366, height: 768 } });
      s.#listen();
      await s.load();
    } catch (e) {
      await s.close();
      throw e;
    }
    return s;
  }

  async close() {
    await this.browser?.close();
    await this.server.stop();
  }

  #listen() {
    const ours = (url) => url.startsWith(this.server.url);
    const short = (url) => url.slice(this.server.url.length).replace(/&(recurse|subfolder|rand)=.*/, "");
    this.page.on("response", (r) => {
      if (r.status() >= 400 && ours(r.url())) this.failed.push(`${r.status()} ${r.request().method()} ${short(r.url())}`);
    });
    // A page may stop reading an answer that has come; that is no failure of the server.
    this.page.on("requestfailed", async (r) => {
      if (ours(r.url()) && !(await r.response())) this.failed.push(`${r.failure()?.errorText} ${r.method()} ${short(r.url())}`);
    });
    this.page.on("pageerror", (e) => this.errors.push(e.stack ?? String(e)));
    // A request that failed is on the console, too: of ours see failed, and no other server can be reached.
    this.page.on("console", (m) => {
      if (m.type() === "error" && !m.text().startsWith("Failed to load resource")) this.errors.push(`console: ${m.text()}`);
    });
    this.page.on("websocket", (ws) => ws.on("framereceived", ({ payload }) => {
      this.frames.push(payload);
      const ended = typeof payload === "string" && payload.match(/^\{"type": "executing", "data": \{"node": null, "prompt_id": "([^"]+)"/);
      if (!ended) return;
      this.#ended.add(ended[1]);
      this.#whenEnded.emit(ended[1]);
    }));
  }

  /** Requests and scripts that failed and should not have. */
  problems() {
    return { failed: this.failed.filter((f) => !missingThereToo.has(f)), errors: this.errors.filter((e) => !tripsOverItself.test(e)) };
  }

  /** Loads the front end, or loads it again. A new user is greeted by the templates. */
  async load() {
    await this.page.goto(this.server.url);
    await this.page.waitForFunction(() => window.app?.graph && window.LiteGraph?.registered_node_types?.KSampler, null, { timeout: 60_000 });
  }

  /** Closes the dialog that lies over the canvas. */
  async closeDialog() {
    await this.page.locator(".p-dialog-close-button").click();
    await this.page.locator(".p-dialog-mask").waitFor({ state: "detached" });
  }

  /** Starts a command of the front end, as its menus do; it may go on after this returns. */
  async command(id) {
    await this.page.evaluate((id) => { void window.app.extensionManager.command.execute(id); }, id);
  }

  /** Opens a file with a workflow of so many nodes. */
  async openFile(file, nodes) {
    await this.page.evaluate(() => window.app.graph.clear());
    await this.page.locator("#comfy-file-input").setInputFiles(file);
    await this.page.waitForFunction((n) => window.app.graph.nodes.length === n, nodes, { timeout: 20_000 });
    await this.page.keyboard.press(".");
  }

  /** Presses the keys that queue the workflow, and returns the server's answer. */
  async queue() {
    const posted = this.page.waitForResponse((r) => r.url().endsWith("/api/prompt") && r.request().method() === "POST");
    await this.page.keyboard.press("Control+Enter");
    const answer = await posted;
    return { status: answer.status(), body: await answer.json() };
  }

  /** Resolves with the entry in the history when the prompt has ended. */
  async ended(id) {
    if (!this.#ended.has(id)) await once(this.#whenEnded, id, { signal: AbortSignal.timeout(120_000) });
    return (await (await fetch(`${this.server.url}/history/${id}`)).json())[id];
  }

  /** The messages of the websocket that are JSON. */
  messages() {
    return this.frames.filter((f) => typeof f === "string").map((f) => JSON.parse(f));
  }

  /** Takes a picture of the page, after the canvas has drawn what it has. */
  async shot(name) {
    await this.page.evaluate(() => new Promise((done) => {
      window.app.canvas.setDirty(true, true);
      requestAnimationFrame(() => requestAnimationFrame(done));
    }));
    await this.page.screenshot({ path: path.join(artefacts, `stock-${name}.png`) });
  }
}
