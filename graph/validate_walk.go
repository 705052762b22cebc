package graph

import (
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// frame is a node whose sources are being validated.
type frame struct {
	node int32
	next int32 // links that were followed so far
	bad  bool
}

// visit validates a node after its sources, depth first as ComfyUI does, but with a stack of its own.
func (v *validator) visit(root int32) {
	if v.state[root] != unvisited {
		return
	}
	v.push(root)
	for len(v.stack) > 0 {
		f := &v.stack[len(v.stack)-1]
		links := v.checks[f.node].links
		if int(f.next) == len(links) {
			v.finish()
			continue
		}
		link := &links[f.next]
		f.next++
		switch v.state[link.source] {
		case unvisited:
			v.push(link.source)
		case visiting:
			f.bad = true
			v.cycle(f.node, link)
		case invalid:
			f.bad = true
		}
	}
}

func (v *validator) push(node int32) {
	v.state[node] = visiting
	v.checkNode(node, &v.checks[node])
	v.stack = append(v.stack, frame{node: node})
}

// finish takes the topmost node off the stack: it is valid if it has no mistake and no invalid source.
func (v *validator) finish() {
	f := v.stack[len(v.stack)-1]
	v.stack = v.stack[:len(v.stack)-1]
	wrong := v.checks[f.node].wrong
	if wrong == nil && !f.bad {
		v.state[f.node] = valid
		return
	}
	v.state[f.node] = invalid
	if wrong != nil {
		if wrong.raised != nil {
			wrong.errors = []*ojson.Object{v.exception(f.node, wrong.raised)}
		}
		v.order = append(v.order, f.node)
	}
	if len(v.stack) > 0 {
		v.stack[len(v.stack)-1].bad = true
	}
}

// reasons is the errors array of a node that was visited.
func (v *validator) reasons(node int32) []*ojson.Object {
	if wrong := v.checks[node].wrong; wrong != nil {
		return wrong.errors
	}
	return nil
}

// exception is the error object for a node on which Python gives up: of one form on an output, of another on a node that
// was reached through a link, which is then named.
func (v *validator) exception(node int32, raised *exception) *ojson.Object {
	n := v.doc.nodes[node]
	traceback := []any{"  validate node " + n.id + " (" + n.class.Name + ")\n"}
	if len(v.stack) == 0 {
		return apiError("exception_during_validation", "Exception when validating node", raised.text,
			ojson.NewObject("exception_type", raised.kind, "traceback", traceback))
	}
	reader := v.stack[len(v.stack)-1]
	k := &nodeChecker{validator: v, node: v.doc.nodes[reader.node]}
	in := v.checks[reader.node].links[reader.next-1].input
	link, _ := k.node.inputs.Get(in.Name)
	return apiError("exception_during_inner_validation", "Exception when validating inner node", raised.text,
		ojson.NewObject("input_name", in.Name, "input_config", k.config(in), "exception_message", raised.text,
			"exception_type", raised.kind, "traceback", traceback, "linked_node", link))
}

// cycle notes that a link closes a circle. ComfyUI exhausts its recursion here and refuses the prompt without any node error,
// so only the engine's own list names it.
func (v *validator) cycle(node int32, link *checkedLink) {
	const shown = 8
	start := len(v.stack) - 1
	for v.stack[start].node != link.source {
		start--
	}
	path := []string{v.doc.nodes[link.source].id}
	circle := v.stack[start:]
	for i := len(circle) - 1; i > 0; i-- { // links run against the walk
		if len(path) == shown {
			path = append(path, "…")
			break
		}
		path = append(path, v.doc.nodes[circle[i].node].id)
	}
	if path[len(path)-1] != "…" {
		path = append(path, path[0])
	}
	n := v.doc.nodes[node]
	v.cycles = append(v.cycles, InputError{n.id, n.class.Name, link.input.Name,
		"the link closes a cycle: " + strings.Join(path, " → "), "delete one of these links"})
}
