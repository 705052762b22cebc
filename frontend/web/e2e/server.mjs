// A server on a folder of its own, with the models of the repository.
import { spawn } from "node:child_process";
import { cp, mkdtemp, mkdir, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, "../../..");
export const shared = path.resolve(root, "../shared");
export const python = path.join(here, ".venv/bin/python");
export const artefacts = path.join(here, "artefacts");

/** The folder of the stock front end, installed by pip. */
export async function stockFrontEnd() {
  const out = await run(python, ["-c", "import comfyui_frontend_package as p, os; print(os.path.dirname(p.__file__))"]);
  return path.join(out.stdout.trim(), "static");
}

/** Runs a program to its end and returns {code, stdout, stderr}. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    let stdout = "", stderr = "";
    child.stdout.on("data", (data) => (stdout += data));
    child.stderr.on("data", (data) => (stderr += data));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** A base folder in which actors may be saved: the models are those of the repository, the actors are copies. */
async function ownBase(dir) {
  const base = path.join(dir, "base");
  await mkdir(path.join(base, "models"), { recursive: true });
  for (const name of await readdir(path.join(root, "models"))) {
    const [from, to] = [path.join(root, "models", name), path.join(base, "models", name)];
    if (name === "actors") await cp(from, to, { recursive: true });
    else await symlink(from, to);
  }
  return base;
}

/** Starts `oneactor serve`; resolves when it says where it is. */
export async function startServer(...args) {
  return startServerIn(await mkdtemp(path.join(tmpdir(), "oneactor-e2e-")), root, ...args);
}

/** Starts a server that may save actors. */
export async function startOwnServer(...args) {
  const dir = await mkdtemp(path.join(tmpdir(), "oneactor-e2e-"));
  return startServerIn(dir, await ownBase(dir), ...args);
}

/** Starts one more server on the data folders of another one, as machines of a studio that share them do. */
export async function startServerBeside(server, ...args) {
  return startServerIn(server.dir, root, ...args);
}

async function startServerIn(dir, base, ...args) {
  for (const name of ["input", "output", "user"]) await mkdir(path.join(dir, name), { recursive: true });
  const child = spawn(path.join(root, "bin/oneactor"), [
    "serve", "--port", "0", "--base-directory", base, "--disable-all-custom-nodes",
    "--input-directory", path.join(dir, "input"), "--output-directory", path.join(dir, "output"),
    "--user-directory", path.join(dir, "user"), "--temp-directory", dir, ...args,
  ]);
  let log = "";
  const listeners = [];
  const url = await new Promise((resolve, reject) => {
    child.stderr.on("data", (data) => {
      log += data;
      listeners.forEach((f) => f(log));
      const found = log.match(/To see the GUI go to: (\S+)\n/);
      if (found) resolve(found[1]);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
  });
  return {
    url, dir,
    host: new URL(url).hostname, port: new URL(url).port,
    log: () => log,
    onLog: (f) => listeners.push(f),
    /** Ends it as a crash does. */
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    },
    async stop() {
      const gone = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGTERM");
      await gone;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The API prompt of a picture of the demo checkpoint that takes a second. */
export async function quickPrompt(seed = 1) {
  return {
    3: { class_type: "KSampler", inputs: { seed, steps: 2, cfg: 3, sampler_name: "euler", scheduler: "normal", denoise: 1,
      model: ["4", 0], positive: ["6", 0], negative: ["7", 0], latent_image: ["5", 0] }, _meta: { title: "KSampler" } },
    4: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "tiny-actors.safetensors" }, _meta: { title: "Load Checkpoint" } },
    5: { class_type: "EmptyLatentImage", inputs: { width: 128, height: 128, batch_size: 1 }, _meta: { title: "Empty Latent" } },
    6: { class_type: "CLIPTextEncode", inputs: { text: "a robot on the beach", clip: ["4", 1] }, _meta: { title: "Positive" } },
    7: { class_type: "CLIPTextEncode", inputs: { text: "", clip: ["4", 1] }, _meta: { title: "Negative" } },
    8: { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["4", 2] }, _meta: { title: "VAE Decode" } },
    9: { class_type: "SaveImage", inputs: { filename_prefix: "e2e", images: ["8", 0] }, _meta: { title: "Save Image" } },
  };
}

/** Width and height of a PNG file; an error where it is none. */
export function pngSize(data) {
  const b = Buffer.from(data);
  if (b.subarray(1, 4).toString() !== "PNG") throw new Error(`no PNG: ${b.subarray(0, 16).toString("hex")}`);
  return { width: b.readUInt32BE(16), height: b.readUInt32BE(20) };
}

/** The text chunks of a PNG file, by their keys. */
export function pngTexts(data) {
  const texts = {};
  for (let at = 8; at < data.length; at += data.readUInt32BE(at) + 12) {
    if (data.subarray(at + 4, at + 8).toString() !== "tEXt") continue;
    const text = data.subarray(at + 8, at + 8 + data.readUInt32BE(at)).toString("latin1");
    texts[text.slice(0, text.indexOf("\0"))] = text.slice(text.indexOf("\0") + 1);
  }
  return texts;
}

/** A UI workflow of shared/comfyui-workflows, made small enough for the demo checkpoint. */
export async function sharedWorkflow(name, steps = 4) {
  const workflow = JSON.parse(await readFile(path.join(shared, "comfyui-workflows", `${name}.workflow.json`), "utf8"));
  for (const node of workflow.nodes) {
    const values = node.widgets_values;
    if (node.type === "CheckpointLoaderSimple") values[0] = "tiny-actors.safetensors";
    if (node.type === "EmptyLatentImage") values.splice(0, 3, 128, 128, 1);
    if (node.type === "LatentUpscale") values.splice(1, 2, 192, 192);
    if (node.type === "KSampler") values[2] = steps;
  }
  return workflow;
}
