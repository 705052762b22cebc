import { ReactFlowProvider, useReactFlow } from '@xyflow/react';
import { useCallback, useEffect, useMemo, type DragEvent } from 'react';
import { useStore } from 'zustand';

import { Canvas } from '../canvas/Canvas';
import { CanvasProvider } from '../canvas/context';
import { fit } from '../canvas/fit';
import type { FlowNode } from '../canvas/flow';
import { Palette } from '../canvas/Palette';
import { Path } from '../canvas/Path';
import { shownGraph } from '../canvas/view';
import type { Id, Point } from '../document/types';
import { QueuePanel } from '../panels/QueuePanel';
import { GalleryStrip } from '../pictures/GalleryStrip';
import { jobs, resultsOf } from '../run/jobs';
import { Ask } from '../ui/Ask';
import { Toasts } from '../ui/Toasts';
import { notifyError } from '../ui/toasts';
import styles from './App.module.css';
import { useClipboard } from './clipboard';
import { CommandPalette } from './CommandPalette';
import { commands } from './commands';
import { openFile, workflowFiles } from './files';
import { useKeys } from './keys';
import { LeftPanel } from './LeftPanel';
import { keepTabs } from './recovery';
import { RunBar } from './RunBar';
import { saveActor } from './saveActor';
import { askFile, pointerPlace, shell } from './shell';
import type { Page } from './start';
import { toggleTheme } from './theme';
import { TopBar } from './TopBar';
import { usePictures } from './usePictures';
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
  const { setViewport, screenToFlowPosition } = useReactFlow<FlowNode>();
  const tab = useStore(workspace, activeTab);
  const searching = useStore(shell, (s) => s.searching);
  const open = useCallback((f: File | undefined) => void (f && openFile(workspace, f, f.name).catch(notifyError)), [workspace]);
  const list = useMemo(() => commands({
    ...page, toggleTheme, fit: (t) => fit({ setViewport }, t.document, t.view), openFiles: () => askFile(workflowFiles, open), times: () => shell.getState().times,
    search: () => shell.setState({ searching: true }),
  }), [page, setViewport, open]);
  useKeys(list);
  useEffect(() => keepTabs(workspace), [workspace]);
  const place = useCallback((): Point => {
    const [x, y] = pointerPlace();
    const p = screenToFlowPosition({ x, y });
    return [p.x, p.y];
  }, [screenToFlowPosition]);
  useClipboard(tab, place, useCallback((data: DataTransfer) => open(data.files[0]), [open]));
  const pictures = usePictures(page, tab, place);
  const ended = useStore(jobs, (s) => s.ended);
  const results = useMemo(() => ended.flatMap(resultsOf), [ended]);
  const drop = (e: DragEvent) => {
    e.preventDefault();
    if (e.dataTransfer.files.length > 0) open(e.dataTransfer.files[0]);
    else pictures.onDrop(e);
  };
  return (
    <div className={styles.window}>
      <TopBar page={page} commands={list} />
      <LeftPanel page={page} tab={tab} />
      <main className={styles.canvas} onDragOver={(e) => e.preventDefault()} onDrop={drop}>
        {tab && <Open key={tab.id} tab={tab} page={page} show={pictures.show} />}
      </main>
      <QueuePanel onOpen={pictures.show} onLoad={pictures.load} onShowNode={(id) => tab?.view.setState({ selection: [Number(id)] })} server={engine.runs.server} />
      <footer className={styles.strip}>
        <GalleryStrip pictures={results} onOpen={pictures.show} />
        <RunBar tab={tab} commands={list} />
      </footer>
      {pictures.viewer}
      {searching && <CommandPalette page={page} commands={list} onClose={() => shell.setState({ searching: false })} />}
      <Ask />
      <Toasts />
    </div>
  );
}

/** The canvas of one tab; another subgraph is another canvas. */
function Open({ tab, page, show }: { tab: Tab; page: Page; show: ReturnType<typeof usePictures>['show'] }) {
  const at = useStore(tab.view, shownGraph);
  const context = useMemo(() => ({ document: tab.document, run: tab.run, view: tab.view, schema: page.engine.schema, showPicture: show, saveActor: (id: Id) => void saveActor(tab, page.engine, id).catch(notifyError) }), [tab, page, show]);
  return (
    <CanvasProvider value={context}>
      <Canvas key={at} />
      <Path />
      <Palette />
    </CanvasProvider>
  );
}
