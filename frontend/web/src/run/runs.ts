import { createStore, type StoreApi } from 'zustand/vanilla';

import type { Listener, Message, Preview } from '../server/socket';
import { ended, failed, interrupted, kept, nothing, previewed, progressed, queued, said, showed, started, withdrawn, withProblems } from './change';
import type { NodeProblem, RunState } from './types';

export type RunStore = StoreApi<RunState>;

export function createRun(): RunStore {
  return createStore(() => nothing);
}

/** What the server says of itself. */
export type ServerState = {
  readonly connected: boolean;
  /** How many prompts are pending or running, of everyone. */
  readonly remaining: number;
};

/** The shortest time between two previews of a node, in milliseconds. */
const previewEvery = 100;

/** Hands messages of the websocket to the run that they belong to. */
export class Runs implements Listener {
  readonly server = createStore<ServerState>(() => ({ connected: true, remaining: 0 }));
  private readonly byPrompt = new Map<string, RunStore>();
  private readonly lastPreview = new Map<string, number>();
  /** The prompt that runs: some messages do not name theirs. */
  private running: string | null = null;

  constructor(
    private readonly now: () => number = () => performance.now(),
    /** Called when the queue has changed, or a prompt has ended. */
    private readonly onChange: () => void = () => undefined,
  ) {}

  /** A prompt of a run is sent: its first messages may come before the answer. */
  sent(run: RunStore, promptId: string, nodes: readonly string[]): void {
    this.byPrompt.set(promptId, run);
    run.setState((s) => queued(s, promptId, nodes));
  }

  /** The server has accepted it; outputs with problems do not run. */
  accepted(run: RunStore, problems: ReadonlyMap<string, readonly NodeProblem[]>): void {
    run.setState((s) => withProblems(s, problems));
  }

  /** The server has refused it, or could not be asked. */
  refused(run: RunStore, promptId: string, problems: ReadonlyMap<string, readonly NodeProblem[]>): void {
    this.byPrompt.delete(promptId);
    run.setState((s) => withProblems(withdrawn(s), problems));
  }

  /** Nothing more is to come of a prompt. */
  forget(promptId: string): void {
    this.byPrompt.delete(promptId);
  }

  readonly connected = (is: boolean): void => this.server.setState({ connected: is });

  readonly message = (m: Message): void => {
    if (m.type === 'status') {
      this.server.setState({ remaining: m.data.status.exec_info.queue_remaining });
      this.onChange();
    }
    const id = 'prompt_id' in m.data ? m.data.prompt_id : undefined;
    const run = id === undefined ? undefined : this.byPrompt.get(id);
    if (id === undefined || run === undefined) return;
    // An older prompt of the same workflow must not change what a newer one shows.
    if (m.type === 'execution_start') {
      this.running = id;
      run.setState((s) => started(s.prompt?.id === id ? s : queued(s, id, s.prompt?.nodes ?? []), this.now()));
    } else run.setState((s) => this.apply(s, m));
    if (m.type === 'executing' && m.data.node === null) {
      this.onChange();
      this.byPrompt.delete(id);
    }
  };

  private apply(s: RunState, m: Message): RunState {
    switch (m.type) {
      case 'execution_cached':
        return kept(s, m.data.nodes);
      case 'progress_state':
        return progressed(s, m.data, this.now());
      case 'executed':
        return showed(s, m.data.display_node ?? m.data.node, m.data.output);
      case 'execution_success':
        return ended(s, 'done');
      case 'execution_error':
        return failed(s, m.data);
      case 'execution_interrupted':
        return interrupted(s, m.data.node_id);
      default:
        return s;
    }
  }

  readonly preview = ({ promptId, nodeId, picture }: Preview): void => {
    const run = this.byPrompt.get(promptId);
    const now = this.now();
    if (run === undefined || now - (this.lastPreview.get(nodeId) ?? -Infinity) < previewEvery) return;
    this.lastPreview.set(nodeId, now);
    const before = run.getState().nodes.get(nodeId)?.preview;
    run.setState((s) => previewed(s, nodeId, URL.createObjectURL(picture)));
    if (before) URL.revokeObjectURL(before);
  };

  readonly text = ({ nodeId, text }: { nodeId: string; text: string }): void => {
    const run = this.running === null ? undefined : this.byPrompt.get(this.running);
    run?.setState((s) => said(s, nodeId, text));
  };
}
