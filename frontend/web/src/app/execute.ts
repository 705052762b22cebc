import { editNodes } from '../document/edit';
import { faceOf } from '../document/face';
import { graphAt, nodeMap } from '../document/graph';
import { promotedWidgets, setPromoted } from '../document/promoted';
import { amendDocument, workflowOf } from '../document/store';
import type { Graph, GraphId, Id, Workflow } from '../document/types';
import { controlOf, nextValue, valueOf, withValue } from '../document/values';
import { isList, isObject, type Json } from '../json/value';
import { readProblems } from '../run/problems';
import type { Runs } from '../run/runs';
import type { Schema } from '../schema/types';
import type { Queued } from '../server/gen_wire';
import { request, ServerError } from '../server/request';
import { randomId } from '../server/socket';
import { convert } from './files';
import { runOnlyTo, type Prompt } from './runTo';
import type { Tab } from './workspace';

/** What a run needs besides the workflow. */
export type Engine = { readonly schema: Schema; readonly runs: Runs; readonly clientId: string };

/**
 * Queues a workflow, as often as times says; only the nodes of targets and what they need where there are some. Between two times seeds go on
 * as their controls say. Throws ServerError; what is wrong with which node is on the canvas then.
 */
export async function execute(tab: Tab, engine: Engine, targets: readonly Id[] | null = null, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await queue(tab, engine, targets);
}

async function queue(tab: Tab, { schema, runs, clientId }: Engine, targets: readonly Id[] | null): Promise<void> {
  const workflow = workflowOf(tab.document.getState());
  const prefix = tab.view.getState().path.map((p) => `${p.node}:`).join('');
  const id = randomId();
  try {
    const converted = await convert(workflow);
    const whole = converted.prompt as unknown as Prompt;
    const part = targets === null ? null : runOnlyTo(whole, targets.map((t) => `${prefix}${t}`), schema);
    const body = {
      prompt: part?.prompt ?? whole,
      prompt_id: id,
      client_id: clientId,
      extra_data: { extra_pnginfo: { workflow: converted.workflow }, workflow_name: tab.document.getState().name },
      ...(part === null ? {} : { partial_execution_targets: part.targets }),
    };
    runs.sent(tab.run, id, Object.keys(converted.prompt));
    const { node_errors } = await request<Queued>('/api/prompt', { json: body });
    runs.accepted(tab.run, readProblems(node_errors));
    const advanced = advanceSeeds(workflow, schema);
    amendDocument(tab.document, (now) => (now === workflow ? advanced : copySeeds(advanced, now, schema)));
    tab.view.setState({ ran: advanced });
  } catch (e) {
    const problems = e instanceof ServerError ? problemsOf(e) : new Map<string, never>();
    runs.refused(tab.run, id, problems);
    if (!(e instanceof ServerError) || problems.size === 0) throw e;
    throw new ServerError('The workflow cannot run.', e.status, e.type, inWords(problems, workflow), e.body);
  }
}

/** What a refusal says of which node. */
function problemsOf({ body }: ServerError): ReturnType<typeof readProblems> {
  const nodes = isObject(body.error) && isList(body.error.nodes) ? body.error.nodes.filter(isObject) : [];
  if (nodes.length === 0) return readProblems(body.node_errors);
  const missing: Json = { errors: [{ message: 'This class is not here.', details: 'Remove or bypass the node.' }] };
  return readProblems(Object.fromEntries(nodes.flatMap((n) => (typeof n.node_id === 'string' ? [[n.node_id, missing]] : []))));
}

/** What is wrong, a line for each node. */
function inWords(problems: ReturnType<typeof readProblems>, { nodes }: Workflow): string {
  return [...problems].map(([id, list]) => {
    const node = nodes.find((n) => String(n.id) === id);
    return `${node?.title ?? node?.type ?? `node ${id}`}: ${list.map((p) => `${p.input === null ? '' : `${p.input}: `}${p.message}`).join('; ')}`;
  }).join('\n');
}

/** Seeds after a run: fixed, counted or drawn, as each says. */
function advanceSeeds(w: Workflow, schema: Schema): Workflow {
  const graphs: GraphId[] = [null, ...(w.definitions?.subgraphs ?? []).map((s) => s.id)];
  const inside = graphs.reduce<Workflow>((now, at) => {
    const graph: Graph | undefined = at === null ? now : now.definitions?.subgraphs?.find((s) => s.id === at);
    const controlled = (graph?.nodes ?? []).filter((n) => schema.get(n.type)?.inputs.some((i) => i.control));
    return editNodes(now, at, controlled.map((n) => n.id), (n) => {
      const c = schema.get(n.type);
      if (c === undefined) return n;
      const linked = new Set(n.inputs.flatMap((s) => (s.link !== null && s.widget ? [s.widget.name] : [])));
      const inputs = c.inputs.filter((i) => i.control && !linked.has(i.name));
      return inputs.reduce((m, i) => withValue(m, c, i.name, nextValue(i, valueOf(m, c, i.name), controlOf(m, c, i.name))), n);
    });
  }, w);
  return graphs.reduce((now, at) => advancePromoted(now, at, schema), inside);
}

/** Seeds that show on nodes which stand for subgraphs. */
function advancePromoted(w: Workflow, at: GraphId, schema: Schema): Workflow {
  return (graphAt(w, at)?.nodes ?? []).reduce((now, n) => {
    const face = faceOf(n, now, schema);
    const free = face.promoted.filter((p) => p.schema.control && !face.inputs.some((i) => p.source === null && i.name === p.name && i.linked));
    return free.reduce((m, p) => setPromoted(m, at, n.id, schema, p, nextValue(p.schema, p.value, p.control)), now);
  }, w);
}

/** A workflow that was edited in the meantime, with the seeds of another state of it. */
function copySeeds(from: Workflow, to: Workflow, schema: Schema): Workflow {
  const others = nodeMap(from);
  const plain = editNodes(to, null, to.nodes.map((n) => n.id), (n) => {
    const [c, other] = [schema.get(n.type), others.get(n.id)];
    if (c === undefined || other?.type !== n.type) return n;
    return c.inputs.filter((i) => i.control).reduce((m, i) => withValue(m, c, i.name, valueOf(other, c, i.name)), n);
  });
  return plain.nodes.reduce((now, n) => {
    const other = others.get(n.id);
    if (other === undefined || schema.has(n.type)) return now;
    const seeds = promotedWidgets(other, from, schema).filter((p) => p.schema.control);
    return seeds.reduce((m, p) => setPromoted(m, null, n.id, schema, p, p.value), now);
  }, plain);
}

/** Stops what runs. */
export async function interrupt(promptId: string | null): Promise<void> {
  await request('/api/interrupt', { json: promptId === null ? {} : { prompt_id: promptId } });
}
