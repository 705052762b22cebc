package graph

import (
	"reflect"
)

type status uint8

const (
	outside status = iota // not needed, so far
	pending               // waits for sources, or for its turn
	done
)

// runNode is a node of a running prompt.
type runNode struct {
	*docNode
	number  int32
	links   []runLink
	parent  *runNode // the node that expanded into it, nil for a node of the prompt
	display string   // id of the visible node it is shown on; "" for itself

	// shared is what all nodes of the same signature have in common; nil where the result may not be shared nor kept.
	shared *shared

	status  status
	waiting []int32 // sources without a result yet, each once
	seq     int32   // when it joined the plan
	queued  bool    // among the ready ones
	// feedsOutput: an output node reads it; feedsFeeder: a node that feeds an output does.
	feedsOutput, feedsFeeder bool

	result   *entry
	holders  int32 // links of unfinished nodes that may still read result
	expanded *expanded
	progress *nodeProgress
	boxed    any // the id as messages need it, after the first of them
}

// runLink is an input that is fed by another node.
type runLink struct {
	input    *Input
	source   int32
	slot     int
	followed bool // not lazy, or asked for
}

func (n *runNode) link(name string) *runLink {
	for i := range n.links {
		if n.links[i].input.Name == name {
			return &n.links[i]
		}
	}
	return nil
}

// box is an id of another node as messages need it, without another allocation where it is the own one.
func (n *runNode) box(id string) any {
	if id == n.id {
		return n.boxID()
	}
	return id
}

func (n *runNode) boxID() any {
	if n.boxed == nil {
		n.boxed = n.id
	}
	return n.boxed
}

// root is the node of the prompt that n comes from.
func (n *runNode) root() *runNode {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

func (n *runNode) displayID() string {
	if n.display != "" {
		return n.display
	}
	return n.id
}

func (n *runNode) ref() NodeRef {
	ref := NodeRef{ID: n.id, Display: n.displayID(), Real: n.root().id}
	if n.parent != nil {
		ref.Parent = n.parent.id
	}
	return ref
}

// items is what a link delivers: the list of its slot, or nothing where the source has no such slot.
func (e *entry) items(slot int) ([]any, bool) {
	if slot < 0 {
		slot += len(e.outputs)
	}
	if slot < 0 || slot >= len(e.outputs) {
		return nil, false
	}
	return e.outputs[slot], true
}

var linkType = reflect.TypeFor[Link]()

// readLinks finds the declared inputs that are links to known nodes. In ComfyUI undeclared links are followed too, only to fail
// the call; here they change nothing but the signature. A list of that form whose node is not there is a constant, as it
// came out of {"__value__": [...]}.
//
// The links are appended to slab, which is returned.
func (n *runNode) readLinks(index *idIndex, slab []runLink) []runLink {
	const chunk = 256
	if cap(slab)-len(slab) < len(n.class.Inputs) {
		slab = make([]runLink, 0, max(chunk, len(n.class.Inputs)))
	}
	start := len(slab)
	for _, in := range n.class.Inputs {
		value, ok := n.inputs.Get(in.Name)
		if !ok {
			continue
		}
		if source, slot, ok := parseLink(value); ok {
			if i, known := index.get(source); known {
				slab = append(slab, runLink{in, i, slot, !in.Lazy})
			}
		}
	}
	n.links = slab[start:len(slab):len(slab)]
	return slab
}

// parseLink reads [node id, slot].
func parseLink(v any) (source string, slot int, ok bool) {
	switch v := v.(type) {
	case Link:
		return v.Node, v.Slot, true
	case []any:
		if len(v) != 2 {
			return "", 0, false
		}
		source, ok = v[0].(string)
		switch s := v[1].(type) {
		case int64:
			return source, int(s), ok
		case int:
			return source, s, ok
		case float64:
			return source, int(s), ok && s == float64(int(s))
		case bool:
			return source, int(boolNumber(s)), ok
		}
	}
	return "", 0, false
}
