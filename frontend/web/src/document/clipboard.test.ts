import { describe, expect, it } from 'vitest';

import { copyNodes, pasteNodes, readClipboard } from './clipboard';
import { textToImage } from './fixture';
import { empty, nodeMap } from './graph';

describe('copy and paste', () => {
  const copied = readClipboard(copyNodes(textToImage(), null, [5, 6]))!;

  it('brings nodes with new ids, their places and the links among them', () => {
    const { workflow, ids } = pasteNodes(textToImage(), null, copied, [1000, 2000]);
    expect(ids).toEqual([8, 9]);
    expect(nodeMap(workflow).get(8)).toMatchObject({ type: 'KSampler', pos: [1000, 2000] });
    expect(nodeMap(workflow).get(9)).toMatchObject({ type: 'VAEDecode', pos: [1300, 2000] });
    expect(workflow.links.filter((l) => l.target_id === 9)).toEqual([{ id: 10, origin_id: 8, origin_slot: 0, target_id: 9, target_slot: 0, type: 'LATENT' }]);
    expect(nodeMap(workflow).get(8)?.inputs.every((s) => s.link === null)).toBe(true);
    expect(workflow).toMatchObject({ last_node_id: 9, last_link_id: 10 });
  });

  it('with links joins the copies to what fed the originals', () => {
    const { workflow } = pasteNodes(textToImage(), null, copied, [0, 0], true);
    expect(workflow.links.filter((l) => l.target_id === 8).map((l) => l.origin_id)).toEqual([1, 2, 3, 4]);
    expect(nodeMap(workflow).get(4)?.outputs[0]?.links?.length).toBe(2);
  });

  it('goes into another workflow', () => {
    const { workflow, ids } = pasteNodes(empty, null, copied, [0, 0], true);
    expect(ids).toEqual([1, 2]);
    expect(workflow.links.length).toBe(1);
  });

  it.each(['', 'a prompt', '{"nodes":[]}', '{"kind":"oneactor-nodes"}'])('leaves other text alone: %j', (text) => expect(readClipboard(text)).toBeNull());
});
