import { useMemo, useState, type DragEvent, type ReactNode } from 'react';

import { actorType } from '../actor/CastPanel';
import { addNode } from '../canvas/addNode';
import { editNodes } from '../document/edit';
import { nodeMap } from '../document/graph';
import { read } from '../document/read';
import { edit, workflowOf } from '../document/store';
import type { Point } from '../document/types';
import { withValue } from '../document/values';
import type { JsonObject } from '../json/value';
import { pictureType } from '../pictures/GalleryStrip';
import { Viewer } from '../pictures/Viewer';
import { inputName, pictureURL, type PictureRef } from '../server/picture';
import { ServerError } from '../server/request';
import { uploadPicture } from '../server/upload';
import { askChoice } from '../ui/ask';
import { notifyError } from '../ui/toasts';
import { addActor } from './addActor';
import { openFile, readWorkflow } from './files';
import { nodeType } from './NodesPanel';
import { openTemplate, type Page } from './start';
import { openWorkflow, type Tab } from './workspace';

type Pictures = {
  readonly show: (p: PictureRef, all: readonly PictureRef[]) => void;
  readonly load: (workflow: JsonObject, name: string) => void;
  readonly onDrop: (e: DragEvent) => void;
  /** A file from outside: a workflow is opened, a picture without one is asked about. */
  readonly open: (file: File) => void;
  readonly viewer: ReactNode;
};

/** What can be done with pictures and other things that are dropped. */
export function usePictures(page: Page, tab: Tab | undefined, place: () => Point): Pictures {
  const [shown, setShown] = useState<{ picture: PictureRef; all: readonly PictureRef[] } | null>(null);
  const actions = useMemo(() => {
    const { workspace, engine: { schema } } = page;
    const close = (run: Promise<unknown>) => {
      setShown(null);
      run.catch(notifyError);
    };
    const asInput = (p: PictureRef) => {
      const c = schema.get('LoadImage');
      if (tab === undefined || c === undefined) return;
      addNode({ ...tab, schema }, c, place());
      const [id] = tab.view.getState().selection;
      if (id !== undefined) edit(tab.document, 'add a picture', (w) => editNodes(w, null, [id], (n) => withValue(n, c, 'image', inputName(p))));
    };
    return {
      show: (picture: PictureRef, all: readonly PictureRef[]) => setShown({ picture, all }),
      load: (workflow: JsonObject, name: string) => void openWorkflow(workspace, read(workflow), name),
      open: (file: File) => void takeIn(page, file, asInput).catch(notifyError),
      onDrop: (e: DragEvent) => {
        const [picture, actor, node] = [pictureType, actorType, nodeType].map((t) => e.dataTransfer.getData(t));
        const c = node ? schema.get(node) : undefined;
        if (picture) asInput(JSON.parse(picture) as PictureRef);
        else if (actor && tab) addActor(tab, schema, actor, place());
        else if (c && tab) addNode({ ...tab, schema }, c, place());
      },
      viewer: {
        onLoad: (p: PictureRef) => close(loadFrom(page, p)),
        onUse: (p: PictureRef) => {
          setShown(null);
          asInput(p);
        },
        onCharacter: (p: PictureRef) => close(makeCharacter(page, p)),
      },
    };
  }, [page, tab, place]);
  const viewer = shown && (
    <Viewer picture={shown.picture} all={shown.all} onShow={(picture) => setShown({ ...shown, picture })} onClose={() => setShown(null)} {...actions.viewer} />
  );
  return { ...actions, viewer };
}

const character = 'Make this my character';
const asInputNode = 'Use it as an input';

/** Opens a file as a workflow. A picture that has none becomes what the person says. */
async function takeIn(page: Page, file: File, asInput: (p: PictureRef) => void): Promise<void> {
  try {
    await openFile(page.workspace, file, file.name);
  } catch (e) {
    if (!(e instanceof ServerError) || e.type !== 'no_workflow' || !file.type.startsWith('image/')) throw e;
    const choice = await askChoice(`There is no workflow in ${file.name}.`, 'What is the picture for?', [character, asInputNode]);
    if (choice === null) return;
    const picture = await uploadPicture(file);
    if (choice === character) await makeCharacter(page, picture);
    else asInput(picture);
  }
}

async function loadFrom({ workspace }: Page, p: PictureRef): Promise<void> {
  const file = await (await fetch(pictureURL(p))).blob();
  openWorkflow(workspace, await readWorkflow(file, p.filename), p.filename.replace(/\.[^.]*$/, ''));
}

/** Opens the workflow that makes an actor of a picture, with this one in it. */
async function makeCharacter(page: Page, p: PictureRef): Promise<void> {
  await openTemplate(page.workspace, 'actor-from-my-picture');
  const tab = page.workspace.getState().tabs.at(-1);
  const c = page.engine.schema.get('LoadImage');
  if (tab === undefined || c === undefined) return;
  const loaders = [...nodeMap(workflowOf(tab.document.getState())).values()].filter((n) => n.type === 'LoadImage').map((n) => n.id);
  edit(tab.document, 'choose the picture', (w) => editNodes(w, null, loaders, (n) => withValue(n, c, 'image', inputName(p))));
}
