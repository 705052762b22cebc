import { shownGraph } from '../canvas/view';
import { editNodes, moveNodes, removeNodes } from '../document/edit';
import { addGroup } from '../document/group';
import { graphAt, subgraph } from '../document/graph';
import { layout } from '../document/layout';
import { makeSubgraph, unpackSubgraph } from '../document/subgraph';
import { edit, redoEdit, undoEdit, workflowOf } from '../document/store';
import { Mode, type GraphNode, type Id, type Point } from '../document/types';
import { askText, askYes } from '../ui/ask';
import { notify, notifyError } from '../ui/toasts';
import { paste, selectedText } from './clipboard';
import { execute, interrupt, type Engine } from './execute';
import { downloadPrompt, downloadWorkflow, saveWorkflow } from './files';
import { keepView, showView, type Camera } from './savedViews';
import { shell } from './shell';
import { openTemplate } from './start';
import { storyNode } from './StorybookView';
import { activeTab, closeTab, newWorkflow, type Tab, type Workspace } from './workspace';

/** Something that can be done by name, by key or from a menu. */
export type Command = { readonly id: string; readonly title: string; readonly keys: string; readonly run: () => void };

/** What commands need of the page. */
export type CommandContext = {
  readonly workspace: Workspace;
  readonly engine: Engine;
  readonly fit: (tab: Tab) => void;
  readonly camera: Camera;
  readonly search: () => void;
  /** Where the pointer is on the canvas. */
  readonly place: () => Point;
  readonly openFiles: () => void;
  readonly toggleTheme: () => void;
  readonly times: () => number;
};

/** All commands. Those for a workflow do nothing where none is open. */
export function commands(c: CommandContext): Command[] {
  const withTab = (run: (tab: Tab) => unknown) => () => {
    const tab = activeTab(c.workspace.getState());
    if (tab) Promise.resolve(run(tab)).catch(notifyError);
  };
  const onNodes = (label: string, change: (n: GraphNode, all: readonly GraphNode[]) => GraphNode) => withTab((tab) => {
    const at = shownGraph(tab.view.getState());
    edit(tab.document, label, (w) => {
      const ids = tab.view.getState().selection;
      const chosen = graphAt(w, at)?.nodes.filter((n) => ids.includes(n.id)) ?? [];
      return editNodes(w, at, ids, (n) => change(n, chosen));
    });
  });
  const toggleMode = (mode: number) => (n: GraphNode, all: readonly GraphNode[]) => ({ ...n, mode: all.every((o) => o.mode === mode) ? Mode.always : mode });
  const flag = (name: 'collapsed' | 'pinned') => (n: GraphNode, all: readonly GraphNode[]) => ({ ...n, flags: { ...n.flags, [name]: !all.every((o) => o.flags[name] === true) } });
  return [
    { id: 'run', title: 'Run', keys: 'Ctrl+Enter', run: withTab((t) => execute(t, c.engine, null, c.times())) },
    { id: 'run-to', title: 'Run to the selected nodes', keys: 'Ctrl+Shift+Enter', run: withTab((t) => runTo(t, c)) },
    { id: 'stop', title: 'Stop what runs', keys: 'Escape Escape', run: withTab(() => interrupt(null)) },
    { id: 'undo', title: 'Undo', keys: 'Ctrl+Z', run: withTab((t) => undoEdit(t.document)) },
    { id: 'redo', title: 'Redo', keys: 'Ctrl+Shift+Z', run: withTab((t) => redoEdit(t.document)) },
    { id: 'redo-y', title: 'Redo', keys: 'Ctrl+Y', run: withTab((t) => redoEdit(t.document)) },
    { id: 'save', title: 'Save', keys: 'Ctrl+S', run: withTab((t) => save(t, false)) },
    { id: 'save-as', title: 'Save under another name', keys: 'Ctrl+Shift+S', run: withTab((t) => save(t, true)) },
    { id: 'open', title: 'Open a file', keys: 'Ctrl+O', run: c.openFiles },
    { id: 'new', title: 'New workflow', keys: 'Alt+N', run: () => void newWorkflow(c.workspace) },
    { id: 'close', title: 'Close the workflow', keys: 'Alt+W', run: withTab((t) => closeTab(c.workspace, t.id)) },
    { id: 'export', title: 'Download the workflow', keys: '', run: withTab(downloadWorkflow) },
    { id: 'export-api', title: 'Download for scripts (API format)', keys: '', run: withTab(downloadPrompt) },
    { id: 'select-all', title: 'Select all nodes', keys: 'Ctrl+A', run: withTab((t) => t.view.setState((s) => ({ selection: graphAt(workflowOf(t.document.getState()), shownGraph(s))?.nodes.map((n) => n.id) ?? [] }))) },
    { id: 'copy', title: 'Copy nodes', keys: '', run: withTab((t) => navigator.clipboard.writeText(selectedText(t))) },
    { id: 'paste', title: 'Paste nodes', keys: '', run: withTab(async (t) => paste(t, await navigator.clipboard.readText(), c.place())) },
    { id: 'duplicate', title: 'Duplicate nodes', keys: 'Ctrl+D', run: withTab((t) => duplicate(t)) },
    { id: 'delete', title: 'Delete nodes', keys: '', run: withTab((t) => edit(t.document, 'delete', (w) => removeNodes(w, shownGraph(t.view.getState()), t.view.getState().selection))) },
    { id: 'mute', title: 'Mute or unmute nodes', keys: 'Ctrl+M', run: onNodes('mute', toggleMode(Mode.muted)) },
    { id: 'bypass', title: 'Bypass nodes, or no more', keys: 'Ctrl+B', run: onNodes('bypass', toggleMode(Mode.bypassed)) },
    { id: 'fold', title: 'Fold or unfold nodes', keys: 'Alt+C', run: onNodes('fold', flag('collapsed')) },
    { id: 'pin', title: 'Pin nodes, or no more', keys: 'P', run: onNodes('pin', flag('pinned')) },
    { id: 'group', title: 'Frame the selected nodes as a group', keys: 'Ctrl+G', run: withTab((t) => edit(t.document, 'group', (w) => addGroup(w, shownGraph(t.view.getState()), t.view.getState().selection))) },
    { id: 'subgraph', title: 'Make a subgraph of the selected nodes', keys: 'Ctrl+Shift+E', run: withTab((t) => toSubgraph(t, c)) },
    { id: 'unpack', title: 'Unpack the selected subgraph', keys: '', run: withTab((t) => unpack(t, c)) },
    { id: 'arrange', title: 'Arrange the nodes', keys: '', run: withTab(arrange) },
    { id: 'align-left', title: 'Align left', keys: 'Shift+ArrowLeft', run: onNodes('align', (n, all) => ({ ...n, pos: [Math.min(...all.map((o) => o.pos[0])), n.pos[1]] })) },
    { id: 'align-right', title: 'Align right', keys: 'Shift+ArrowRight', run: onNodes('align', (n, all) => ({ ...n, pos: [Math.max(...all.map((o) => o.pos[0] + o.size[0])) - n.size[0], n.pos[1]] })) },
    { id: 'align-top', title: 'Align at the top', keys: 'Shift+ArrowUp', run: onNodes('align', (n, all) => ({ ...n, pos: [n.pos[0], Math.min(...all.map((o) => o.pos[1]))] })) },
    { id: 'align-bottom', title: 'Align at the bottom', keys: 'Shift+ArrowDown', run: onNodes('align', (n, all) => ({ ...n, pos: [n.pos[0], Math.max(...all.map((o) => o.pos[1] + o.size[1])) - n.size[1]] })) },
    { id: 'fit', title: 'Show the whole workflow', keys: 'F', run: withTab(c.fit) },
    { id: 'fit-period', title: 'Show the whole workflow', keys: '.', run: withTab(c.fit) },
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((n): Command[] => [
      { id: `view-${n}`, title: `Show view ${n}`, keys: String(n), run: withTab((t) => showView(t, n, c.camera)) },
      { id: `keep-view-${n}`, title: `Keep this view as ${n}`, keys: `Alt+${n}`, run: withTab((t) => keepView(t, n, c.camera)) },
    ]),
    { id: 'search', title: 'Search everything', keys: 'Ctrl+K', run: c.search },
    { id: 'story', title: 'Storybook', keys: '', run: withTab((t) => openStory(t, c.workspace)) },
    { id: 'theme', title: 'Dark or light', keys: '', run: c.toggleTheme },
  ];
}

/** Shows the storybook of the workflow; a workflow without one gives way to the template that has. */
async function openStory(tab: Tab, workspace: Workspace): Promise<void> {
  if (storyNode(workflowOf(tab.document.getState())) === undefined) await openTemplate(workspace, 'storybook');
  shell.setState({ story: true });
}

function duplicate(tab: Tab): void {
  const { selection } = tab.view.getState();
  const graph = graphAt(workflowOf(tab.document.getState()), shownGraph(tab.view.getState()));
  const nodes = graph?.nodes.filter((n) => selection.includes(n.id)) ?? [];
  if (nodes.length === 0) return;
  paste(tab, selectedText(tab), [Math.min(...nodes.map((n) => n.pos[0])) + 40, Math.min(...nodes.map((n) => n.pos[1])) + 40], true);
}

async function toSubgraph(tab: Tab, { engine }: CommandContext): Promise<void> {
  const { selection } = tab.view.getState();
  if (selection.length === 0) {
    notify({ kind: 'error', text: 'No nodes are selected.', details: 'Select the nodes that belong together: drag a frame around them with Shift held, or click them with Shift.' });
    return;
  }
  const name = await askText('Name of the subgraph', 'Subgraph', 'Make it');
  if (name === null) return;
  const at = shownGraph(tab.view.getState());
  const made = makeSubgraph(workflowOf(tab.document.getState()), at, selection, name.trim() || 'Subgraph', engine.schema);
  if (made.id === null) return;
  edit(tab.document, 'make a subgraph', () => made.workflow);
  tab.view.setState({ selection: [made.id] });
}

function unpack(tab: Tab, { engine }: CommandContext): void {
  const at = shownGraph(tab.view.getState());
  let workflow = workflowOf(tab.document.getState());
  const chosen = graphAt(workflow, at)?.nodes.filter((n) => tab.view.getState().selection.includes(n.id) && subgraph(workflow, n.type)) ?? [];
  const ids: Id[] = [];
  for (const n of chosen) {
    const unpacked = unpackSubgraph(workflow, at, n.id, engine.schema);
    workflow = unpacked.workflow;
    ids.push(...unpacked.ids);
  }
  if (ids.length === 0) {
    notify({ kind: 'error', text: 'None of the selected nodes is a subgraph.', details: '' });
    return;
  }
  edit(tab.document, 'unpack', () => workflow);
  tab.view.setState({ selection: ids });
}

/** Runs the selected nodes and what they need. */
async function runTo(tab: Tab, { engine }: CommandContext): Promise<void> {
  const { selection } = tab.view.getState();
  const graph = graphAt(workflowOf(tab.document.getState()), shownGraph(tab.view.getState()));
  const targets = graph?.nodes.filter((n) => selection.includes(n.id) && n.mode === Mode.always && !engine.schema.get(n.type)?.virtual).map((n) => n.id) ?? [];
  if (targets.length === 0) {
    notify({ kind: 'error', text: 'No node is selected that could run.', details: 'Select the node up to which the workflow is to run. Notes, and nodes that are muted or bypassed, do not count.' });
    return;
  }
  await execute(tab, engine, targets);
}

/** Saves under the name that it has; asks for one where it has none, and before another workflow is replaced. */
async function save(tab: Tab, elsewhere: boolean): Promise<void> {
  const { name, path } = tab.document.getState();
  if (path !== null && !elsewhere) return saveWorkflow(tab, name, true);
  const chosen = await askText('Save the workflow as', name === 'unnamed' ? '' : name);
  if (chosen === null || chosen.trim() === '') return;
  try {
    await saveWorkflow(tab, chosen.trim(), false);
  } catch (e) {
    const taken = e instanceof Error && 'status' in e && e.status === 409;
    if (!taken) throw e;
    if (await askYes(`There is a workflow ${chosen.trim()} already.`, 'Replacing it loses what it was.', 'Replace it')) await saveWorkflow(tab, chosen.trim(), true);
  }
}

async function arrange(tab: Tab): Promise<void> {
  const at = shownGraph(tab.view.getState());
  const graph = graphAt(workflowOf(tab.document.getState()), at);
  if (graph === undefined || graph.nodes.length === 0) return;
  const places: ReadonlyMap<Id, Point> = await layout(graph, new Set(tab.view.getState().selection));
  edit(tab.document, 'arrange', (w) => moveNodes(w, at, places));
}
