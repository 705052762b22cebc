import { useStore } from 'zustand';

import { Storybook, type StoryView } from '../actor/Storybook';
import { editNodes } from '../document/edit';
import { edit, workflowOf } from '../document/store';
import type { Graph, GraphNode, Id } from '../document/types';
import { valueOf, withValue } from '../document/values';
import { readStory, scenesOf } from '../actor/story';
import type { PictureRef } from '../server/picture';
import type { RunState } from '../run/types';
import type { Page } from './start';
import type { Tab } from './workspace';

type Props = { readonly tab: Tab; readonly page: Page; readonly onRun: () => void; readonly onOpen: StoryView['onOpen']; readonly onClose: () => void };

/** The storybook of the open workflow: its StorybookScenes node and the pictures that come of it. */
export function StorybookView({ tab, page, onRun, onOpen, onClose }: Props) {
  const workflow = useStore(tab.document, workflowOf);
  const run = useStore(tab.run);
  const node = storyNode(workflow);
  const c = page.engine.schema.get('StorybookScenes');
  if (node === undefined || c === undefined) return null;
  const text = (name: string) => {
    const v = valueOf(node, c, name);
    return typeof v === 'string' ? v : '';
  };
  const set = (name: string) => (value: string) => edit(tab.document, `write the ${name}`, (w) => editNodes(w, null, [node.id], (n) => withValue(n, c, name, value)), `${node.id} ${name}`);
  const { pictures, page: sheet } = shownPictures(workflow, node.id, run, scenesOf(readStory(text('scenes'))).length);
  const busy = run.prompt?.state === 'running' || run.prompt?.state === 'queued';
  return (
    <Storybook
      onClose={onClose}
      view={{
        text: text('scenes'), character: text('character'), onText: set('scenes'), onCharacter: set('character'), pictures, page: sheet, busy, onRun, onOpen,
      }}
    />
  );
}

/** The node of a workflow that tells its story. */
export function storyNode(graph: Graph): GraphNode | undefined {
  return graph.nodes.find((n) => n.type === 'StorybookScenes');
}

/** What the nodes behind the story show: the one with as many pictures as scenes, and the one with a single picture, which is the page. */
function shownPictures(graph: Graph, from: Id, run: RunState, scenes: number): { pictures: readonly PictureRef[]; page: PictureRef | null } {
  const behind = new Set<Id>([from]);
  for (const id of behind) for (const l of graph.links) if (l.origin_id === id) behind.add(l.target_id);
  const shown = [...behind].flatMap((id) => {
    const pictures = run.nodes.get(String(id))?.output?.pictures ?? [];
    return pictures.length > 0 ? [pictures] : [];
  });
  const each = shown.find((p) => p.length === scenes && scenes > 1) ?? shown.find((p) => p.length > 1) ?? [];
  return { pictures: each, page: shown.find((p) => p.length === 1)?.[0] ?? null };
}
