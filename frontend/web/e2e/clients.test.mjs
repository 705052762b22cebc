// Clients that nobody here wrote: each runs a workflow and fetches its picture.
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { ComfyApi, CallWrapper, PromptBuilder } from "@saintno/comfyui-sdk";
import { Client as StableCanvasClient } from "@stable-canvas/comfyui-client";
import { ComfyUIClient } from "comfy-ui-client";
import WebSocket from "ws";
import { here, pngSize, python, quickPrompt, run, startServer } from "./server.mjs";

let server, dir;

before(async () => {
  server = await startServer();
  dir = await mkdtemp(path.join(tmpdir(), "oneactor-clients-"));
});

after(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

const size = { width: 128, height: 128 };

test("PyPI comfy-cli: comfy run --wait", async () => {
  const file = path.join(dir, "workflow.json");
  await writeFile(file, JSON.stringify(await quickPrompt(11)));
  const comfy = path.join(path.dirname(python), "comfy");
  const before = await readdir(path.join(server.dir, "output"));
  const out = await run(comfy, ["--skip-prompt", "--no-enable-telemetry", "run", "--workflow", file, "--wait", "--host", server.host, "--port", server.port, "--timeout", "120"],
    { env: { ...process.env, HOME: dir, CI: "1" } });
  assert.equal(out.code, 0, out.stdout + out.stderr);
  const made = (await readdir(path.join(server.dir, "output"))).filter((f) => !before.includes(f));
  assert.equal(made.length, 1, out.stdout + out.stderr);
  const link = out.stdout.replaceAll(/\s+/g, "").match(/https?:\/\/[^\s"']*view\?[^\s"'\]]*/)?.[0] ?? `${server.url}/view?filename=${made[0]}`;
  assert.deepEqual(pngSize(await (await fetch(link)).arrayBuffer()), size);
});

test("npm @saintno/comfyui-sdk", async () => {
  const api = await new ComfyApi(server.url).init().waitForReady();
  const prompt = new PromptBuilder(await quickPrompt(12), ["seed"], ["images"]).setInputNode("seed", "3.inputs.seed").setOutputNode("images", "9").input("seed", 13);
  let progress = 0;
  const result = await new CallWrapper(api, prompt).onProgress(() => progress++).onFailed((e) => { throw e; }).run();
  assert.ok(result && result.images, JSON.stringify(result));
  const [image] = result.images.images;
  assert.deepEqual(pngSize(await (await fetch(api.getPathImage(image))).arrayBuffer()), size);
  assert.ok(progress > 0, "no progress");
  api.destroy();
});

test("npm @stable-canvas/comfyui-client", async () => {
  const client = new StableCanvasClient({ api_host: `${server.host}:${server.port}`, WebSocket, fetch });
  await client.connect();
  assert.ok((await client.getSystemStats()).devices.length > 0);
  const result = await client.enqueue(await quickPrompt(14), {});
  assert.equal(result.images.length, 1, JSON.stringify(result).slice(0, 500));
  const [image] = result.images;
  const data = image.type === "buff" ? image.data : await (await fetch(image.data)).arrayBuffer();
  assert.deepEqual(pngSize(data), size);
  client.close();
});

test("npm comfy-ui-client", async () => {
  const client = new ComfyUIClient(`${server.host}:${server.port}`, "e2e-comfy-ui-client");
  await client.connect();
  const images = await client.getImages(await quickPrompt(15));
  const [{ blob }] = images["9"];
  assert.deepEqual(pngSize(await blob.arrayBuffer()), size);
  await client.disconnect();
});

test("PyPI comfy-api-simplified", async () => {
  const file = path.join(dir, "simplified.json");
  await writeFile(file, JSON.stringify(await quickPrompt(16)));
  const out = await run(python, [path.join(here, "clients", "simplified.py"), server.url, file, path.join(dir, "simplified.png")]);
  assert.equal(out.code, 0, out.stderr);
  assert.deepEqual(pngSize(await readFile(path.join(dir, "simplified.png"))), size);
});

// Ours, after what ComfyUI's script_examples do (contract 9.1).
for (const script of ["basic", "websocket_history", "websocket_images"]) {
  test(`script: ${script}`, async () => {
    const file = path.join(dir, `${script}.json`), picture = path.join(dir, `${script}.png`);
    const prompt = await quickPrompt(17);
    if (script === "websocket_images") prompt.save_image_websocket_node = { class_type: "SaveImageWebsocket", inputs: { images: ["8", 0] } };
    await writeFile(file, JSON.stringify(prompt));
    const out = await run(python, [path.join(here, "clients", `${script}.py`), `${server.host}:${server.port}`, file, picture]);
    assert.equal(out.code, 0, out.stdout + out.stderr);
    assert.deepEqual(pngSize(await readFile(picture)), size);
  });
}
