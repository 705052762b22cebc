package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// nodeCall is the context of a node's methods, and what Progress and SendText find in it.
type nodeCall struct {
	context.Context
	run   *run
	at    *runNode
	index int // of the call
}

// Value finds the call itself, and otherwise what the engine's context has.
func (c *nodeCall) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

func (c *nodeCall) node() string { return c.at.id }

func (c *nodeCall) call() int { return c.index }

func (c *nodeCall) text(s string) {
	c.run.send(Event{Type: EventText, Node: c.at.ref(), Text: s, Broadcast: true})
}

// progress sends the three messages of a progress bar together: the state of all nodes, the preview, and the bar itself.
func (c *nodeCall) progress(value, max int, preview any) {
	m := c.run.emitter
	if m.silent() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.progressLocked(c.at, func(p *nodeProgress) {
		p.value, p.max, p.state = float64(value), float64(max), "running"
	})
	if preview != nil {
		m.sendLocked(Event{Type: EventPreview, Node: c.at.ref(), Preview: preview, Broadcast: true})
	}
	m.sendLocked(Event{Type: EventProgress, Broadcast: true,
		Data: ojson.NewObject("value", int64(value), "max", int64(max), "prompt_id", m.promptID, "node", c.at.boxID())})
}

func (r *run) send(e Event) {
	if !r.emitter.silent() {
		r.emitter.send(e)
	}
}

// start announces that a node is staged.
func (r *run) start(n *runNode) {
	if r.emitter.silent() {
		return
	}
	r.emitter.progress(n, func(p *nodeProgress) { p.value, p.max, p.state = 0, 1, "running" })
	r.send(Event{Type: EventExecuting,
		Data: ojson.NewObject("node", n.boxID(), "display_node", n.box(n.displayID()), "prompt_id", r.promptID)})
}

// finishProgress fills the bar of a node.
func (r *run) finishProgress(n *runNode) {
	if r.emitter.silent() {
		return
	}
	r.emitter.progress(n, func(p *nodeProgress) { p.value, p.state = p.max, "finished" })
}

func (r *run) sendExecuted(n *runNode, ui any) {
	if r.emitter.silent() {
		return
	}
	r.send(Event{Type: EventExecuted,
		Data: ojson.NewObject("node", n.boxID(), "display_node", n.box(n.displayID()), "output", ui, "prompt_id", r.promptID)})
}

// fail ends the prompt with the error of a node, or as interrupted.
func (r *run) fail(n *runNode, err error) error {
	root := n.root()
	data := ojson.NewObject("prompt_id", r.promptID, "node_id", root.id, "node_type", root.className(),
		"executed", stringArray(r.executed))
	if cause := context.Cause(r.ctx); cause != nil {
		r.emitter.message(EventExecutionInterrupted, data, true)
		return &NodeError{root.id, root.className(), fmt.Errorf("%w: %w", ErrInterrupted, cause)}
	}
	data.Set("exception_message", err.Error()+"\n"+tipOf(err))
	data.Set("exception_type", typeOf(err))
	data.Set("traceback", traceback(n, err))
	data.Set("current_inputs", r.currentInputs(n))
	data.Set("current_outputs", r.promptIDs())
	r.emitter.message(EventExecutionError, data, false)
	return &NodeError{root.id, root.className(), err}
}

// failCycle ends a prompt whose remaining nodes wait for each other.
func (r *run) failCycle() error {
	circle := r.circle()
	blamed := circle[0].root()
	ids := make([]string, 0, len(circle)+1)
	for _, n := range circle {
		ids = append(ids, n.id)
	}
	ids = append(ids, ids[0])
	r.emitter.message(EventExecutionError, ojson.NewObject(
		"prompt_id", r.promptID, "node_id", blamed.id, "node_type", blamed.className(), "executed", stringArray(r.executed),
		"exception_message", "Dependency cycle detected", "exception_type", "graph.DependencyCycleError", "traceback", []any{},
		"current_inputs", []any{}, "current_outputs", r.promptIDs()), false)
	return &NodeError{blamed.id, blamed.className(), fmt.Errorf("%w: %s; delete one of these links", ErrCycle, strings.Join(ids, " → "))}
}

// circle follows what the first waiting node waits for until a node comes again.
func (p *plan) circle() []*runNode {
	place := map[*runNode]int{}
	var path []*runNode
	var at *runNode
	for _, n := range p.nodes {
		if n.status == pending && len(n.waiting) > 0 {
			at = n
			break
		}
	}
	for {
		if i, seen := place[at]; seen {
			return path[i:]
		}
		place[at] = len(path)
		path = append(path, at)
		at = p.nodes[at.waiting[0]]
	}
}

func (r *run) promptIDs() []any {
	ids := make([]any, 0, len(r.doc.nodes))
	for _, n := range r.doc.nodes {
		ids = append(ids, n.id)
	}
	return ids
}

// currentInputs shows what the node was given: simple values as they are, others as text.
func (r *run) currentInputs(n *runNode) *ojson.Object {
	shown := ojson.NewObject()
	if n.class == nil || n.expanded != nil {
		return shown
	}
	inputs, _ := r.gather(n)
	for _, g := range inputs {
		items := make([]any, len(g.items))
		for i, item := range g.items {
			items[i] = showItem(item)
		}
		shown.Set(g.input.Name, items)
	}
	return shown
}

func showItem(item any) any {
	switch item := item.(type) {
	case nil, bool, string, int64, uint64, float64:
		return item
	case int:
		return int64(item)
	case []any, *ojson.Object:
		return pythonStr(item)
	case fmt.Stringer:
		var text string
		if guard(func() error { text = item.String(); return nil }) == nil {
			return text
		}
	}
	return fmt.Sprintf("<%T>", item)
}

// typeOf is the exception type: errors may name theirs with ExceptionType() string, such as "torch.OutOfMemoryError".
func typeOf(err error) string {
	var named interface{ ExceptionType() string }
	var raised *exception
	var problem *inputProblem
	switch {
	case errors.As(err, &named):
		return named.ExceptionType()
	case errors.As(err, &raised):
		return raised.kind
	case errors.As(err, &problem):
		return problem.kind
	}
	return "RuntimeError"
}

// tipOf is advice that follows the message; errors may have it with Tip() string.
func tipOf(err error) string {
	var t interface{ Tip() string }
	if errors.As(err, &t) {
		return t.Tip()
	}
	return ""
}

// traceback is the stack of a panic, and otherwise the way to the node.
func traceback(n *runNode, err error) []any {
	var list []any
	for at := n; at != nil; at = at.parent {
		list = append(list, fmt.Sprintf("  node %s, in %s\n", at.id, at.className()))
	}
	var p *panicError
	if errors.As(err, &p) {
		for line := range strings.Lines(string(p.stack)) {
			list = append(list, line)
		}
	}
	return list
}
