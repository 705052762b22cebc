// A server and workers that share no folder: files go through the object store.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pngSize, root, startServer } from "./server.mjs";

let server;
const workers = [];

/** Starts a worker on an empty folder of its own; resolves when it works. */
async function startWorker(nats) {
  const dir = await mkdtemp(path.join(tmpdir(), "oneactor-worker-"));
  const child = spawn(path.join(root, "bin/oneactor"), ["worker", "--nats", nats, "--object-store", "--base-directory", dir]);
  let log = "";
  await new Promise((resolve, reject) => {
    child.stderr.on("data", (data) => { log += data; if (log.includes("Working for")) resolve(); });
    child.on("exit", (code) => reject(new Error(`the worker ended with ${code}:\n${log}`)));
  });
  workers.push({ child, dir });
  return dir;
}

before(async () => {
  server = await startServer("--no-worker", "--object-store", "--cluster-listen", "127.0.0.1:0");
  const nats = server.log().match(/nats:\/\/\S+/)?.[0] ?? await new Promise((resolve) => server.onLog((log) => { const m = log.match(/nats:\/\/\S+/); if (m) resolve(m[0]); }));
  server.nats = nats;
});

after(async () => {
  for (const { child, dir } of workers) {
    child.kill("SIGKILL");
    await rm(dir, { recursive: true, force: true });
  }
  await server?.stop();
});

async function post(prompt) {
  const answer = await fetch(`${server.url}/prompt`, { method: "POST", body: JSON.stringify({ prompt }) });
  assert.equal(answer.status, 200, await answer.clone().text());
  const { prompt_id: id } = await answer.json();
  for (;;) { // a client without a websocket
    const entry = (await (await fetch(`${server.url}/history/${id}`)).json())[id];
    if (entry) { assert.equal(entry.status.status_str, "success", JSON.stringify(entry.status)); return entry; }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const copy = (image) => ({ 1: { class_type: "LoadImage", inputs: { image } }, 2: { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "copy" } } });

test("an upload reaches a worker, its result comes back", async () => {
  const folder = await startWorker(server.nats);
  const form = new FormData();
  const picture = await readFile(path.join(root, "input/scribble.png"));
  form.append("image", new Blob([picture]), "scribble.png");
  form.append("subfolder", "pics");
  assert.equal((await fetch(`${server.url}/upload/image`, { method: "POST", body: form })).status, 200);
  const entry = await post(copy("pics/scribble.png"));
  assert.deepEqual(await readdir(path.join(folder, "input/pics")), ["scribble.png"]);
  assert.deepEqual(await readdir(path.join(server.dir, "output")), [], "the server does not fetch what nobody asks for");
  const [image] = entry.outputs["2"].images;
  const got = await (await fetch(`${server.url}/view?${new URLSearchParams(image)}`)).arrayBuffer();
  assert.deepEqual(pngSize(got), pngSize(picture));
  assert.equal((await fetch(`${server.url}/view?filename=nobody.png`)).status, 404);
});

test("a worker without the results of others takes none of their names", async () => {
  workers[0].child.kill("SIGTERM");
  await new Promise((resolve) => workers[0].child.on("exit", resolve));
  await startWorker(server.nats);
  const entry = await post({ 1: { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 7 } },
    2: { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "copy" } } });
  assert.equal(entry.outputs["2"].images[0].filename, "copy_00002_.png");
});
