package comfy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// A container is a node that stands for others: an instance of a subgraph, whose type is the id of its definition, or a group node
// "workflow>Name". Opening one puts the nodes inside beside the others, under ids such as 12:5, and leaves the container as a node that
// links pass through.

// inside is what an opened container holds.
type inside struct {
	nodes    []*uiNode
	outputs  []string            // link behind each output; "" for none
	promoted map[int]*savedValue // what the instance of a subgraph gives to widgets behind its inputs
	inputs   []string            // names of the definition's inputs; empty for a group node
}

func (in *inside) output(slot int) string {
	if slot < len(in.outputs) {
		return in.outputs[slot]
	}
	return ""
}

// linkInto is the link into input slot of the definition. Instances list the same inputs, mostly in the same order.
func (n *uiNode) linkInto(slot int) string {
	if i := n.inputAt(slot); i >= 0 {
		return n.inputs[i].link
	}
	return ""
}

func (n *uiNode) inputAt(slot int) int {
	if slot < len(n.inside.inputs) {
		name := n.inside.inputs[slot]
		if slot < len(n.inputs) && n.inputs[slot].name == name {
			return slot
		}
		if i := slices.IndexFunc(n.inputs, func(s uiSlot) bool { return s.name == name }); i >= 0 {
			return i
		}
	}
	if slot < len(n.inputs) {
		return slot
	}
	return -1
}

// opener opens the containers of one file.
type opener struct {
	*uiGraph
	definitions Definitions
	subgraphs   map[string]*subgraph
	groups      map[string]*groupNode
}

// Bounds on what nested containers can grow to.
const (
	maxNodes = 200_000
	maxDepth = 64
)

// open opens all containers that run, also those inside others, so that the later passes see plain nodes only. Muted and bypassed ones
// follow the rules of plain nodes.
func (c *converter) open() error {
	o := &opener{uiGraph: c.uiGraph, definitions: c.definitions}
	o.subgraphs = readSubgraphs(c.raw)
	o.groups = readGroupNodes(c.raw)
	for i := 0; i < len(o.nodes); i++ { // opening appends
		n := o.nodes[i]
		if n.mode == modeMuted || n.mode == modeBypassed {
			continue
		}
		var err error
		if s := o.subgraphs[n.class]; s != nil {
			err = o.openSubgraph(n, s)
		} else if name, ok := groupNodeName(n.class); ok {
			err = o.openGroupNode(n, name)
		}
		if err != nil {
			return fmt.Errorf("workflow: %w: %w", ErrContainer, err)
		}
	}
	return nil
}

// enter checks that a container may be opened: it must not be inside itself, nor too deep.
func (o *opener) enter(n *uiNode, name string) error {
	depth := 0
	for at := n.parent; at != nil; at = at.parent {
		if depth++; depth > maxDepth {
			return fmt.Errorf("node %s: containers more than %d deep inside each other", n.id, maxDepth)
		}
		if at.class == n.class {
			return fmt.Errorf("node %s: %s is inside itself; open it in ComfyUI and remove the inner one", n.id, name)
		}
	}
	return nil
}

// adopt puts a node inside a container.
func (o *opener) adopt(container, n *uiNode) error {
	if o.byID[n.id] != nil {
		return fmt.Errorf("a second node with id %s; give each node an id of its own", n.id)
	}
	if len(o.nodes) >= maxNodes {
		return fmt.Errorf("node %s: with what is inside its containers the workflow has more than %d nodes", container.id, maxNodes)
	}
	n.parent = container
	o.byID[n.id] = n
	o.nodes = append(o.nodes, n)
	container.inside.nodes = append(container.inside.nodes, n)
	return nil
}

// give sets a widget of a node inside a container; what a container further out sets goes before.
func (n *uiNode) give(name string, v savedValue) {
	if n.given == nil {
		n.given = map[string]savedValue{}
	}
	n.given[name] = v
}

// entryOf is the value at a place of widgets_values; false if the file has none there.
func entryOf(values any, i int, name string) (savedValue, bool) {
	switch values := values.(type) {
	case []any:
		if i < len(values) && values[i] != nil {
			return savedValue{values[i], place{list: values, entry: i}}, true
		}
	case *ojson.Object:
		if v, ok := values.Get(name); ok && v != nil {
			return savedValue{v, place{named: values, name: name}}, true
		}
	}
	return savedValue{}, false
}

// groupNodeName returns the name in the type of a group node, "workflow>Name" or, in older files, "workflow/Name".
func groupNodeName(class string) (name string, ok bool) {
	if name, ok = strings.CutPrefix(class, "workflow>"); ok {
		return name, true
	}
	return strings.CutPrefix(class, "workflow/")
}

// dangling says what is wrong with a link that leads nowhere; "" where it ends at an unlinked input.
func (g *uiGraph) dangling(link string) string {
	l, ok := g.links[link]
	switch {
	case !ok:
		return "link " + link + " is not in the file"
	case g.byID[l.origin] == nil:
		return fmt.Sprintf("link %s comes from node %s, which is not in the file", link, l.origin)
	}
	return ""
}
