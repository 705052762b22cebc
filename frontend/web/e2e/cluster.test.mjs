// Two servers and two workers on one queue: any server serves any client, whichever worker runs the job.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import path from "node:path";
import WebSocket from "ws";
import { quickPrompt, root, startServer, startServerBeside } from "./server.mjs";

let a, b;
const workers = [];

async function startWorker(server, nats) {
  const child = spawn(path.join(root, "bin/oneactor"), ["worker", "--nats", nats, "--base-directory", root, "--disable-all-custom-nodes",
    "--input-directory", path.join(server.dir, "input"), "--output-directory", path.join(server.dir, "output"), "--temp-directory", server.dir]);
  workers.push(child);
  let log = "";
  await new Promise((resolve, reject) => {
    child.stderr.on("data", (data) => { log += data; if (log.includes("Working for")) resolve(); });
    child.on("exit", (code) => reject(new Error(`the worker ended with ${code}:\n${log}`)));
  });
}

before(async () => {
  // NATS is a process of its own in a studio; here it is in a server that no client uses, so that either of the others may die.
  const host = await startServer("--no-worker", "--cluster-listen", "127.0.0.1:0");
  const nats = host.log().match(/nats:\/\/\S+/)?.[0] ?? await new Promise((resolve) => host.onLog((log) => { const m = log.match(/nats:\/\/\S+/); if (m) resolve(m[0]); }));
  workers.push({ kill: () => host.stop() });
  a = await startServerBeside(host, "--nats", nats, "--no-worker");
  b = await startServerBeside(host, "--nats", nats, "--no-worker");
  await startWorker(host, nats);
  await startWorker(host, nats);
});

after(async () => {
  await Promise.all([b, a].map((s) => s?.kill()));
  for (const w of workers.reverse()) await w.kill("SIGKILL");
});

const json = async (url) => (await fetch(url)).json();

/** A client of a server: what it is told, and a way to wait for it. */
class Client {
  told = [];
  #waiting = [];

  static async open(server, id) {
    const c = new Client();
    c.server = server;
    c.id = id;
    c.socket = new WebSocket(`${server.url.replace("http", "ws")}/ws?clientId=${id}`);
    c.socket.on("message", (data, binary) => {
      c.told.push(binary ? { type: `binary ${data.readUInt32BE(0)}`, data } : JSON.parse(data));
      c.#waiting = c.#waiting.filter(({ fits, resolve }) => { const m = c.told.find(fits); if (m) resolve(m); return !m; });
    });
    await new Promise((resolve, reject) => { c.socket.on("open", resolve); c.socket.on("error", reject); });
    c.socket.send(JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } }));
    await c.hears((m) => m.type === "feature_flags");
    return c;
  }

  /** The first message that fits, now or later. */
  hears(fits) {
    const known = this.told.find(fits);
    return known ? Promise.resolve(known) : new Promise((resolve) => this.#waiting.push({ fits, resolve }));
  }

  async send(prompt) {
    const answer = await fetch(`${this.server.url}/prompt`, { method: "POST", body: JSON.stringify({ prompt, client_id: this.id }) });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()).prompt_id;
  }

  ended(id) {
    return this.hears((m) => m.type === "executing" && m.data.node === null && m.data.prompt_id === id);
  }
}

test("a client hears of its prompt at its own server, and both servers have the result", { timeout: 60_000 }, async () => {
  const client = await Client.open(b, "of-b");
  const id = await client.send(await quickPrompt(7));
  await client.ended(id);
  const types = client.told.map((m) => m.type);
  for (const type of ["execution_start", "progress_state", "progress", "executed", "execution_success", "binary 4"]) assert(types.includes(type), `no ${type}: ${types}`);
  const [atA, atB] = await Promise.all([a, b].map((s) => json(`${s.url}/history/${id}`)));
  assert.deepEqual(atA, atB);
  const [picture] = atA[id].outputs[9].images;
  for (const s of [a, b]) {
    const answer = await fetch(`${s.url}/view?${new URLSearchParams(picture)}`);
    assert.equal(answer.headers.get("content-type"), "image/png");
    assert((await answer.arrayBuffer()).byteLength > 1000);
  }
  client.socket.close();
});

test("both servers see one queue, in one order, and both workers work", { timeout: 90_000 }, async () => {
  const [one, two] = [await Client.open(a, "one"), await Client.open(b, "two")];
  await fetch(`${a.url}/oneactor/queue`, { method: "POST", body: JSON.stringify({ paused: true }) });
  const ids = [];
  for (let i = 0; i < 8; i++) {
    const prompt = await quickPrompt(100 + i);
    prompt[3].inputs.steps = 30; // long enough for the worker that has the model already not to do all of them before the other may
    ids.push(await (i % 2 ? one : two).send(prompt));
  }
  // A server knows at once of what it accepted, and a moment later of what others did.
  await Promise.all([one, two].map((c) => c.hears((m) => m.type === "status" && m.data.status.exec_info.queue_remaining === ids.length)));
  const queues = await Promise.all([a, b].map((s) => json(`${s.url}/queue`)));
  assert.deepEqual(queues[0], queues[1]);
  assert.deepEqual(queues[0].queue_pending.map((item) => item[1]), ids);
  assert.equal((await json(`${b.url}/oneactor/queue`)).paused, true);
  await fetch(`${b.url}/oneactor/queue`, { method: "POST", body: JSON.stringify({ paused: false }) });
  await Promise.all(ids.map((id, i) => (i % 2 ? one : two).ended(id)));
  const { jobs } = await json(`${a.url}/oneactor/jobs?limit=100`);
  const ran = new Set(ids.map((id) => jobs.find((j) => j.prompt_id === id).worker));
  assert.equal(ran.size, 2, `workers that ran the jobs: ${[...ran]}`);
  for (const c of [one, two]) c.socket.close();
});

test("an interrupt at one server stops what another one queued", { timeout: 60_000 }, async () => {
  const client = await Client.open(b, "long");
  const prompt = await quickPrompt(9);
  prompt[3].inputs.steps = 10_000;
  const id = await client.send(prompt);
  await client.hears((m) => m.type === "progress" && m.data.prompt_id === id);
  await fetch(`${a.url}/interrupt`, { method: "POST" });
  await client.hears((m) => m.type === "execution_interrupted" && m.data.prompt_id === id);
  await client.ended(id);
  client.socket.close();
});

test("a worker that is started before its server waits for it", { timeout: 60_000 }, async () => {
  const early = spawn(path.join(root, "bin/oneactor"), ["worker", "--nats", "nats://127.0.0.1:1", "--base-directory", root, "--disable-all-custom-nodes"]);
  let log = "";
  await new Promise((resolve, reject) => {
    early.stderr.on("data", (data) => { log += data; if (log.includes("waiting for the server")) resolve(); });
    early.on("exit", (code) => reject(new Error(`the worker ended with ${code}:\n${log}`)));
  });
  const gone = new Promise((resolve) => early.on("exit", resolve));
  early.kill("SIGTERM");
  await gone;
  assert.equal(log.match(/waiting for the server/g).length, 1, log);
});

test("one server dies: what it accepted runs, and the other one has the results", { timeout: 60_000 }, async () => {
  const [dying, client] = [await Client.open(a, "dying"), await Client.open(b, "living")];
  const mine = await dying.send(await quickPrompt(201));
  const theirs = await dying.send(await quickPrompt(202));
  await a.kill();
  await client.ended(await client.send(await quickPrompt(203)));
  await client.hears((m) => m.type === "status" && m.data.status.exec_info.queue_remaining === 0 && client.told.indexOf(m) > client.told.findIndex((x) => x.type === "execution_start"));
  for (const id of [mine, theirs]) {
    const entry = (await json(`${b.url}/history/${id}`))[id];
    assert.equal(entry.status.status_str, "success", JSON.stringify(entry.status));
  }
  client.socket.close();
});
