import { ReactFlowProvider, useReactFlow } from '@xyflow/react';
import { useCallback, useEffect, useMemo, type DragEvent } from 'react';
import { useStore } from 'zustand';

import { Canvas } from '../canvas/Canvas';
import { CanvasMenu } from '../canvas/CanvasMenu';
import { CanvasProvider, type CanvasContext } from '../canvas/context';
import { fit, showNode } from '../canvas/fit';
import type { FlowNode } from '../canvas/flow';
import { Palette } from '../canvas/Palette';
import { Path } from '../canvas/Path';
import { shownGraph } from '../canvas/view';
import type { Point } from '../document/types';
import { QueuePanel } from '../panels/QueuePanel';
import { GalleryStrip } from '../pictures/GalleryStrip';
import { jobs, resultsOf } from '../run/jobs';
import { Ask } from '../ui/Ask';
import { Toasts } from '../ui/Toasts';
import { notifyError } from '../ui/toasts';
import styles from './App.module.css';
import { useClipboard } from './clipboard';
import { CommandPalette } from './CommandPalette';
import { commands, type Command } from './commands';
import { workflowFiles } from './files';
import { useKeys } from './keys';
import { LeftPanel } from './LeftPanel';
import { keepTabs } from './recovery';
import { RunBar } from './RunBar';
import { saveActor } from './saveActor';
import { askFile, pointerPlace, shell } from './shell';
import type { Page } from './start';
import { StorybookView } from './StorybookView';
import { toggleTheme } from './theme';
import { TopBar } from './TopBar';
import { usePictures } from './usePictures';
import { useTrials } from './useTrials';
import { activeTab, type Tab } from './workspace';

/** The window. */
export function App({ page }: { page: Page }) {
  return (
    <ReactFlowProvider>
      <Window page={page} />
    </ReactFlowProvider>
  );
}

function Window({ page }: { page: Page }) {
  const { workspace, engine } = page;
  const { setViewport, getViewport, screenToFlowPosition } = useReactFlow<FlowNode>();
  const tab = useStore(workspace, activeTab);
  const { searching, story } = useStore(shell);
  const place = useCallback((): Point => {
    const [x, y] = pointerPlace();
    const p = screenToFlowPosition({ x, y });
    return [p.x, p.y];
  }, [screenToFlowPosition]);
  const pictures = usePictures(page, tab, place);
  const list = useMemo(() => commands({
    ...page, toggleTheme, camera: { getViewport, setViewport }, fit: (t) => fit({ setViewport }, t.document, t.view), openFiles: () => askFile(workflowFiles, pictures.open), times: () => shell.getState().times, place,
    search: () => shell.setState({ searching: true }),
  }), [page, setViewport, getViewport, pictures.open, place]);
  useKeys(list);
  useTrials(tab, engine.schema, useCallback(() => list.find((c) => c.id === 'run')?.run(), [list]));
  useEffect(() => keepTabs(workspace), [workspace]);
  useClipboard(tab, place, useCallback((data: DataTransfer) => data.files[0] && pictures.open(data.files[0]), [pictures]));
  const ended = useStore(jobs, (s) => s.ended);
  const results = useMemo(() => ended.flatMap(resultsOf), [ended]);
  const drop = (e: DragEvent) => {
    e.preventDefault();
    const file = e.dataTransfer.files[0];
    if (file) pictures.open(file);
    else pictures.onDrop(e);
  };
  return (
    <div className={styles.window}>
      <TopBar page={page} commands={list} />
      <LeftPanel page={page} tab={tab} />
      <main className={styles.canvas} onDragOver={(e) => e.preventDefault()} onDrop={drop}>
        {tab && <Open key={tab.id} tab={tab} page={page} show={pictures.show} commands={list} />}
      </main>
      <QueuePanel onOpen={pictures.show} onLoad={pictures.load} onShowNode={(id) => tab && showNode({ setViewport }, tab.document, tab.view, id)} server={engine.runs.server} />
      <footer className={styles.strip}>
        <GalleryStrip pictures={results} onOpen={pictures.show} />
        <RunBar tab={tab} commands={list} />
      </footer>
      {pictures.viewer}
      {story && tab && <StorybookView tab={tab} page={page} onRun={() => list.find((c) => c.id === 'run')?.run()} onOpen={pictures.show} onClose={() => shell.setState({ story: false })} />}
      {searching && <CommandPalette page={page} commands={list} onClose={() => shell.setState({ searching: false })} />}
      <Ask />
      <Toasts />
    </div>
  );
}

type OpenProps = { readonly tab: Tab; readonly page: Page; readonly show: ReturnType<typeof usePictures>['show']; readonly commands: readonly Command[] };

/** The canvas of one tab; another subgraph is another canvas. */
function Open({ tab, page, show, commands: list }: OpenProps) {
  const { screenToFlowPosition } = useReactFlow();
  const at = useStore(tab.view, shownGraph);
  const context = useMemo((): CanvasContext => ({
    document: tab.document, run: tab.run, view: tab.view, schema: page.engine.schema, showPicture: show,
    saveActor: (id) => void saveActor(tab, page.engine, id).catch(notifyError),
    command: (id) => list.find((c) => c.id === id)?.run(),
    toPlace: ([x, y]) => {
      const p = screenToFlowPosition({ x, y });
      return [p.x, p.y];
    },
  }), [tab, page, show, list, screenToFlowPosition]);
  return (
    <CanvasProvider value={context}>
      <CanvasMenu><Canvas key={at} /></CanvasMenu>
      <Path />
      <Palette />
    </CanvasProvider>
  );
}
