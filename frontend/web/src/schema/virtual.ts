import type { InputSchema, NodeClass } from './types';

const multiline: InputSchema = {
  name: 'text', type: 'STRING', optional: false, widget: true, choices: [], initial: '', control: false, upload: false, tooltip: '', options: { multiline: true },
};

function virtual(name: string, title: string, description: string, parts: Partial<NodeClass>): NodeClass {
  return {
    name, title, description, category: 'utils', inputs: [], outputs: [], outputNode: false, deprecated: false, experimental: false, virtual: true, ...parts,
  };
}

/** Classes that the editor alone knows; the server resolves them when it makes a prompt. */
export const virtualClasses: readonly NodeClass[] = [
  virtual('Note', 'Note', 'A text on the canvas.', { inputs: [multiline] }),
  virtual('MarkdownNote', 'Markdown Note', 'A text on the canvas, written in Markdown.', { inputs: [multiline] }),
  virtual('Reroute', 'Reroute', 'A link passes through here.', {
    inputs: [{ ...multiline, name: '', type: '*', widget: false, initial: null, options: {} }],
    outputs: [{ name: '', type: '*', list: false, tooltip: '' }],
  }),
  virtual('PrimitiveNode', 'Primitive', 'One value for the inputs that it is linked to.', { outputs: [{ name: 'connect to widget input', type: '*', list: false, tooltip: '' }] }),
];
