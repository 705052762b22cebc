import { refreshCast } from '../actor/cast';
import { parse } from '../json/text';
import { refreshJobs } from '../run/jobs';
import { Runs } from '../run/runs';
import { readSchema } from '../schema/read';
import type { Schema } from '../schema/types';
import { requestText, ServerError } from '../server/request';
import { listen, ownClientId } from '../server/socket';
import { notifyError } from '../ui/toasts';
import type { Engine } from './execute';
import { readWorkflow } from './files';
import { restoreTabs } from './recovery';
import { createWorkspace, newWorkflow, openWorkflow, type Workspace } from './workspace';

export type Page = { readonly workspace: Workspace; readonly engine: Engine };

/** The workflow that is open when the page is seen for the first time. */
const first = 'demo';

/** Reads the node classes, listens to the server and opens what was open. Throws ServerError where there is no server. */
export async function start(): Promise<Page> {
  const clientId = ownClientId();
  // The server tells of every change, so nothing is asked for again and again. While it is gone, that is said at the top of the page.
  const refresh = () => void Promise.all([refreshJobs(), refreshCast()]).catch((e: unknown) => !(e instanceof ServerError && e.unreachable) && notifyError(e));
  const runs = new Runs(undefined, refresh);
  const engine: Engine = { schema: await loadSchema(), runs, clientId };
  listen(clientId, runs);
  refresh();
  const workspace = createWorkspace();
  if (!(await restoreTabs(workspace, runs))) await openFirst(workspace);
  return { workspace, engine };
}

async function loadSchema(): Promise<Schema> {
  return readSchema(parse(await requestText('/api/object_info')));
}

async function openFirst(workspace: Workspace): Promise<void> {
  try {
    await openTemplate(workspace, first);
  } catch (e) {
    newWorkflow(workspace);
    notifyError(e);
  }
}

/** Opens a workflow that came with the program. */
export async function openTemplate(workspace: Workspace, name: string): Promise<void> {
  const text = await requestText(`/templates/${encodeURIComponent(name)}.json`);
  openWorkflow(workspace, await readWorkflow(new Blob([text]), name), name);
}
