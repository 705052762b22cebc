import { describe, expect, it } from 'vitest';

import { fixtureSchema } from '../schema/fixture';
import { canLinkBoundary, linkBoundary, removeBoundarySlot } from './boundary';
import { editNodes, removeNodes } from './edit';
import { faceOf } from './face';
import { textToImage } from './fixture';
import { graphAt, nodeMap, subgraph } from './graph';
import { promotedWidgets, setPromoted } from './promoted';
import { makeSubgraph, unpackSubgraph } from './subgraph';
import type { Graph, GraphId, Id, Subgraph, Workflow } from './types';
import { valueOf, withValue } from './values';

/** Prompts, latent and sampler of textToImage in a subgraph. */
function made(ids: Id[] = [2, 3, 4, 5], start = textToImage()): { workflow: Workflow; id: Id; inner: Subgraph } {
  const { workflow, id } = makeSubgraph(start, null, ids, 'Sample', fixtureSchema);
  const inner = id === null ? undefined : subgraph(workflow, nodeMap(workflow).get(id)?.type ?? '');
  if (id === null || inner === undefined) throw new Error('no subgraph');
  return { workflow, id, inner };
}

const node = (w: Workflow, at: GraphId, id: Id) => {
  const graph = graphAt(w, at);
  const n = graph && nodeMap(graph).get(id);
  if (n === undefined) throw new Error(`no node ${id}`);
  return n;
};

/** Every link stands at both of its ends, also where these are the ends of a subgraph, and every end's link exists. */
function check(graph: Graph) {
  const nodes = nodeMap(graph);
  const s = 'inputNode' in graph ? (graph as Subgraph) : null;
  for (const l of graph.links) {
    if (l.origin_id === -10) expect(s?.inputs[l.origin_slot]?.linkIds).toContain(l.id);
    else expect(nodes.get(l.origin_id)?.outputs[l.origin_slot]?.links).toContain(l.id);
    if (l.target_id === -20) expect(s?.outputs[l.target_slot]?.linkIds).toContain(l.id);
    else expect(nodes.get(l.target_id)?.inputs[l.target_slot]?.link).toBe(l.id);
  }
  const ids = graph.links.map((l) => l.id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const n of graph.nodes) {
    for (const i of n.inputs) if (i.link !== null) expect(ids).toContain(i.link);
    for (const o of n.outputs) for (const l of o.links ?? []) expect(ids).toContain(l);
  }
  for (const slot of [...(s?.inputs ?? []), ...(s?.outputs ?? [])]) for (const l of slot.linkIds ?? []) expect(ids).toContain(l);
}

function checkAll(w: Workflow) {
  check(w);
  w.definitions?.subgraphs?.forEach(check);
}

/** What feeds what, by class and slot, whatever the ids are. */
function wiring(w: Workflow): string[] {
  const nodes = nodeMap(w);
  const count = (id: Id) => nodes.get(id)?.type;
  return w.links.map((l) => `${count(l.origin_id)}.${l.origin_slot} ${count(l.target_id)}.${nodes.get(l.target_id)?.inputs[l.target_slot]?.name}`).sort();
}

describe('a subgraph made of nodes', () => {
  it('has a slot for each source outside and each result that is used', () => {
    const { workflow, id, inner } = made();
    checkAll(workflow);
    expect(inner.inputs.map((i) => `${i.name} ${i.type}`)).toEqual(['model MODEL', 'clip CLIP']);
    expect(inner.inputs[1]?.linkIds).toHaveLength(2); // both prompts
    expect(inner.outputs.map((o) => `${o.name} ${o.type}`)).toEqual(['LATENT LATENT']);
    expect(inner.nodes.map((n) => n.id)).toEqual([2, 3, 4, 5]);
    expect(workflow.nodes.map((n) => n.id)).toEqual([1, 6, 7, id]);
    const face = faceOf(node(workflow, null, id), workflow, fixtureSchema);
    expect([face.title, face.inputs.map((i) => i.linked), face.outputs.map((o) => o.linked)]).toEqual(['Sample', [true, true], [true]]);
  });

  it('can be unpacked again: the same wiring, values and places', () => {
    const start = editNodes(textToImage(), null, [5], (n) => {
      const c = fixtureSchema.get('KSampler');
      return c ? withValue(n, c, 'steps', 7) : n;
    });
    const { workflow, id } = made([2, 3, 4, 5], start);
    const back = unpackSubgraph(workflow, null, id, fixtureSchema);
    checkAll(back.workflow);
    expect(wiring(back.workflow)).toEqual(wiring(start));
    expect(back.workflow.definitions?.subgraphs).toEqual([]);
    expect(back.ids).toHaveLength(4);
    const sampler = back.workflow.nodes.find((n) => n.type === 'KSampler');
    expect(sampler?.widgets_values).toEqual(start.nodes.find((n) => n.type === 'KSampler')?.widgets_values);
  });

  it('can stand inside of another', () => {
    const outer = made([2, 3, 4, 5, 6]);
    const nested = makeSubgraph(outer.workflow, outer.inner.id, [4, 5], 'inner', fixtureSchema);
    checkAll(nested.workflow);
    if (nested.id === null) throw new Error('nothing was made');
    const flat = unpackSubgraph(unpackSubgraph(nested.workflow, outer.inner.id, nested.id, fixtureSchema).workflow, null, outer.id, fixtureSchema);
    checkAll(flat.workflow);
    expect(wiring(flat.workflow)).toEqual(wiring(textToImage()));
    const other = unpackSubgraph(nested.workflow, null, outer.id, fixtureSchema); // with the inner one still packed
    checkAll(other.workflow);
    expect(other.workflow.definitions?.subgraphs?.map((s) => s.name)).toEqual(['inner']);
  });

  it('hands a bypass on when it is unpacked', () => {
    const { workflow, id } = made();
    const bypassed = editNodes(workflow, null, [id], (n) => ({ ...n, mode: 4 }));
    expect(unpackSubgraph(bypassed, null, id, fixtureSchema).workflow.nodes.filter((n) => n.mode === 4)).toHaveLength(4);
  });

  it('is nothing without nodes', () => expect(makeSubgraph(textToImage(), null, [99], 'x', fixtureSchema).id).toBeNull());
});

describe('widgets that show outside', () => {
  const show = (input: string, of: Id) => {
    const { workflow, id, inner } = made();
    const shown = linkBoundary(workflow, inner.id, { side: 'in', slot: inner.inputs.length, node: of, input, output: -1 }, fixtureSchema);
    return { shown, id, inner };
  };

  it('get a slot and their value on every instance', () => {
    const { shown, id } = show('steps', 5);
    checkAll(shown);
    const instance = node(shown, null, id);
    expect(instance.inputs.at(-1)).toEqual({ name: 'steps', type: 'INT', link: null, widget: { name: 'steps' } });
    expect(promotedWidgets(instance, shown, fixtureSchema).map((p) => [p.name, p.value, p.schema.options.max])).toEqual([['steps', 20, 10000]]);
    expect(instance.widgets_values).toEqual([20]);
  });

  it('are set on one instance alone, and go inside when it is unpacked', () => {
    const { shown, id } = show('steps', 5);
    const p = promotedWidgets(node(shown, null, id), shown, fixtureSchema)[0];
    if (p === undefined) throw new Error('no widget');
    const set = setPromoted(shown, null, id, fixtureSchema, p, 4);
    expect(node(set, null, id).widgets_values).toEqual([4]);
    const unpacked = unpackSubgraph(set, null, id, fixtureSchema).workflow;
    const sampler = unpacked.nodes.find((n) => n.type === 'KSampler');
    const c = fixtureSchema.get('KSampler');
    expect(sampler && c && valueOf(sampler, c, 'steps')).toBe(4);
  });

  it('keep the names apart', () => {
    const { shown, inner } = show('text', 2);
    const both = linkBoundary(shown, inner.id, { side: 'in', slot: 3, node: 3, input: 'text', output: -1 }, fixtureSchema);
    checkAll(both);
    expect(subgraph(both, inner.id)?.inputs.map((i) => i.name)).toEqual(['model', 'clip', 'text', 'text_1']);
  });

  it('go again, with what was linked to them', () => {
    const { shown, id, inner } = show('steps', 5);
    const gone = removeBoundarySlot(shown, inner.id, 'in', 0, fixtureSchema); // model
    checkAll(gone);
    const instance = node(gone, null, id);
    expect(instance.inputs.map((i) => i.name)).toEqual(['clip', 'steps']);
    expect(instance.widgets_values).toEqual([20]);
    const without = removeBoundarySlot(gone, inner.id, 'in', 1, fixtureSchema);
    checkAll(without);
    expect([node(without, null, id).inputs.map((i) => i.name), node(without, null, id).widgets_values]).toEqual([['clip'], []]);
    const noOutput = removeBoundarySlot(without, inner.id, 'out', 0, fixtureSchema);
    checkAll(noOutput);
    expect(node(noOutput, null, id).outputs).toEqual([]);
  });

  it('are those that a newer file names (proxyWidgets), with its values first', () => {
    const { workflow, id } = made();
    const named = editNodes(workflow, null, [id], (n) => ({ ...n, properties: { proxyWidgets: [['5', 'cfg'], ['5', 'gone'], ['4', 'width']] }, widgets_values: [3] }));
    const widgets = promotedWidgets(node(named, null, id), named, fixtureSchema);
    expect(widgets.map((p) => [p.source, p.name, p.value, p.index])).toEqual([[5, 'cfg', 3, 0], [4, 'width', 512, 2]]);
    const width = widgets[1];
    const set = width && setPromoted(named, null, id, fixtureSchema, width, 640);
    expect(set && node(set, null, id).widgets_values).toEqual([3, null, 640]);
  });
});

describe('links to the ends of a subgraph', () => {
  it('go where they are drawn', () => {
    const { workflow, inner, id } = made();
    const out = linkBoundary(workflow, inner.id, { side: 'out', slot: 1, node: 2, input: '', output: 0 }, fixtureSchema);
    checkAll(out);
    expect(node(out, null, id).outputs.map((o) => o.name)).toEqual(['LATENT', 'CONDITIONING']);
    const moved = linkBoundary(out, inner.id, { side: 'out', slot: 1, node: 3, input: '', output: 0 }, fixtureSchema); // in place of the other
    checkAll(moved);
    expect(subgraph(moved, inner.id)?.links.filter((l) => l.target_id === -20 && l.target_slot === 1).map((l) => l.origin_id)).toEqual([3]);
  });

  it('must fit', () => {
    const { workflow, inner } = made();
    const wish = { side: 'in', slot: 0, node: 2, input: 'clip', output: -1 } as const;
    expect(canLinkBoundary(wish, workflow, inner.id, 'CLIP', (a, b) => a === b)).toMatch(/MODEL does not fit CLIP/);
    expect(canLinkBoundary({ ...wish, slot: 2 }, workflow, inner.id, 'CLIP', (a, b) => a === b)).toBeNull();
  });

  it('go with the nodes they lead to', () => {
    const { workflow, inner } = made();
    checkAll(removeNodes(workflow, inner.id, [2, 5]));
  });
});
