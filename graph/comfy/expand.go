package comfy

import (
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// expand replaces containers by the nodes inside them, so that the later passes see plain nodes only. There is no container that it
// can open yet; a file that needs one is refused with the names of all of them. Muted and bypassed containers need no
// opening: they follow the rules of plain nodes.
func (g *uiGraph) expand() error {
	subgraphs := map[string]string{} // name by id, which is the type of an instance
	for _, v := range g.raw.Object("definitions").Array("subgraphs") {
		if o, ok := v.(*ojson.Object); ok {
			subgraphs[o.String("id")] = o.String("name")
		}
	}
	var found []NodeRef
	for _, n := range g.nodes {
		if !n.runs() {
			continue
		}
		ref := n.ref()
		if name, ok := subgraphs[n.class]; ok {
			ref.Class = "subgraph " + name
			found = append(found, ref)
		} else if name, ok := groupNode(n.class); ok {
			ref.Class = "group node " + name
			found = append(found, ref)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return &NodesError{
		Nodes: found,
		Hint:  "unpack them in ComfyUI (right click, \"Convert to nodes\" or \"Unpack Subgraph\") or export the workflow in API format",
		cause: ErrUnsupported,
		what:  "workflow: subgraphs and group nodes are ",
	}
}

// groupNode returns the name in the type of a group node, "workflow>Name" or, in older files, "workflow/Name".
func groupNode(class string) (name string, ok bool) {
	if name, ok = strings.CutPrefix(class, "workflow>"); ok {
		return name, true
	}
	return strings.CutPrefix(class, "workflow/")
}
