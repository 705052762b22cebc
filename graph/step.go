package graph

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/oneactor/oneactor/graph/ojson"
)

// step brings a node forward: from the cache, by calling it, or by putting together what its expansion came to. again says that it
// now waits for further nodes and is to be staged once more.
func (r *run) step(n *runNode) (again bool, err error) {
	if n.expanded != nil {
		outputs, err := r.resolve(n)
		n.expanded.calls = nil
		if err != nil {
			return false, err
		}
		r.settle(n, &entry{outputs: outputs, ui: n.expanded.ui, inner: n.expanded.inner})
		return false, nil
	}
	if r.attach(n) {
		r.reuse(n)
		return false, nil
	}
	if err := context.Cause(r.ctx); err != nil {
		return false, err
	}
	if n.class == nil {
		return false, errors.New("the class does not exist; validate the prompt first")
	}
	r.start(n)
	inputs, err := r.gather(n)
	if err != nil {
		return false, err
	}
	if n.class.lazy {
		if wanted, err := r.askLazy(n, inputs); wanted || err != nil {
			return wanted, err
		}
	}
	var m merged
	if err := r.callAll(n, inputs, &m); err != nil {
		return false, err
	}
	clear(inputs) // the scratch must not keep values alive while the next node works
	made := &entry{outputs: m.outputs}
	if len(m.ui) > 0 {
		made.ui = &uiResult{ref: n.ref(), output: m.ui.object()}
		r.ui = append(r.ui, shownUI{n.id, made.ui})
		r.sendExecuted(n, made.ui.output)
	}
	if m.expanded {
		return true, r.expand(n, &m, made.ui)
	}
	r.settle(n, made)
	return false, nil
}

// settle stores the result of a node.
func (r *run) settle(n *runNode, made *entry) {
	n.result = made
	if n.shared != nil {
		r.cache.put(made, n.shared, n.root().shared)
	}
	r.finishProgress(n)
	r.executed = append(r.executed, n.id)
}

// reuse announces a node whose result was there: an output, or a node whose twin ran just before.
func (r *run) reuse(n *runNode) {
	var ui any
	if n.result.ui != nil {
		ui = n.result.ui.output
	}
	r.show(n.id, n.result)
	r.sendExecuted(n, ui)
	r.finishProgress(n)
}

// askLazy asks a node which of its missing inputs it wants now, and puts those into the plan.
func (r *run) askLazy(n *runNode, inputs []gathered) (wanted bool, err error) {
	for i := range n.class.calls(inputs) {
		if n.class.blockerOf(inputs, i) != nil {
			continue
		}
		node, err := r.build(n, inputs, i)
		if err != nil {
			return false, err
		}
		var names []string
		err = guard(func() error {
			names = node.Interface().(Lazy).Needs(r.callContext(n))
			return nil
		})
		if err != nil {
			return false, err
		}
		for _, name := range names {
			missing := slices.ContainsFunc(inputs, func(g gathered) bool { return g.missing && g.input.Name == name })
			if link := n.link(name); missing && link != nil && !link.followed {
				link.followed = true
				r.follow(n, link.source)
				wanted = true
			}
		}
	}
	return wanted, nil
}

// callAll runs a node once per item of its lists.
func (r *run) callAll(n *runNode, inputs []gathered, m *merged) error {
	calls := n.class.calls(inputs)
	m.init(n.class, calls)
	var call *nodeCall
	for i := range calls {
		if blocker := n.class.blockerOf(inputs, i); blocker != nil {
			m.block(n.class, r.announceBlocker(n, blocker))
			continue
		}
		if err := context.Cause(r.ctx); err != nil {
			return err
		}
		node, err := r.build(n, inputs, i)
		if err != nil {
			return err
		}
		if call == nil || n.class.defined != nil { // which may keep it
			call = r.callContext(n)
		}
		call.index = i
		results, err := n.class.callRun(node, reflect.ValueOf(call))
		if blocker := (*Blocker)(nil); errors.As(err, &blocker) {
			m.block(n.class, blocker)
			continue
		}
		if err != nil {
			return err
		}
		if err := m.add(n.class, results); err != nil {
			return err
		}
	}
	return nil
}

// callRun calls Run and splits its error off.
func (c *Class) callRun(node, ctx reflect.Value) (results []reflect.Value, err error) {
	err = guard(func() error {
		if c.defined != nil {
			p, err := c.defined.Run(ctx.Interface().(context.Context), c.values(node))
			results = []reflect.Value{reflect.ValueOf(p)}
			return err
		}
		results = node.Method(c.run).Call([]reflect.Value{ctx})
		last := len(results) - 1
		failure, _ := results[last].Interface().(error)
		results = results[:last]
		return failure
	})
	return results, err
}

// announceBlocker reports a blocker with a message, once: what goes on from here is silent.
func (r *run) announceBlocker(n *runNode, b *Blocker) *Blocker {
	if b.Message == "" {
		return b
	}
	r.send(Event{Type: EventExecutionError, Data: ojson.NewObject(
		"prompt_id", r.promptID, "node_id", n.id, "node_type", n.class.Name, "executed", stringArray(r.executed),
		"exception_message", "Execution Blocked: "+b.Message, "exception_type", "ExecutionBlocked",
		"traceback", []any{}, "current_inputs", []any{}, "current_outputs", []any{})})
	return &Blocker{}
}

// callContext is the context of a node's methods.
func (r *run) callContext(n *runNode) *nodeCall {
	return &nodeCall{Context: r.bound, run: r, at: n}
}
