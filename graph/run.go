package graph

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/oneactor/oneactor/graph/ojson"
)

// Request is one prompt to run.
type Request struct {
	PromptID string
	// Prompt is an API prompt that Validate has accepted. Run does not change it.
	Prompt *ojson.Object
	// ExtraData is extra_data of the request; nodes are given extra_pnginfo in it. It may be nil.
	ExtraData *ojson.Object
	// Outputs are the nodes to run for, as Validation.Outputs says.
	Outputs  []string
	ClientID string // of the client that is told; "" for none
}

// Result is what a prompt came to. After an error it holds what was finished before it.
type Result struct {
	Executed []string // nodes that ran, in order; results taken from the cache are not among them
	Cached   []string // nodes of the prompt that had a result at the start, in prompt order
	// Prompt is the prompt as it ran: the request's, with "is_changed" added to nodes that have a Fingerprint.
	Prompt *ojson.Object
	// Outputs is that part of a history entry: the ui object of every node that has one, made now or before.
	Outputs *ojson.Object

	ui []shownUI
}

// Meta is that part of a history entry: where each object of Outputs was made.
func (r Result) Meta() *ojson.Object {
	meta := ojson.NewObject()
	for _, s := range r.ui {
		meta.Set(s.id, s.ui.ref.meta())
	}
	return meta
}

// ErrInterrupted is wrapped by the error of Run when its context was cancelled.
var ErrInterrupted = errors.New("interrupted")

// ErrCycle is wrapped by the error of Run when nodes wait for each other.
var ErrCycle = errors.New("dependency cycle")

// NodeError is the failure of a node.
type NodeError struct {
	NodeID string // of the prompt: the node that an inner node was expanded from
	Class  string
	Err    error
}

func (e *NodeError) Error() string { return fmt.Sprintf("node %s (%s): %v", e.NodeID, e.Class, e.Err) }

// Unwrap gives the node's own error.
func (e *NodeError) Unwrap() error { return e.Err }

// Run executes the outputs of a prompt and everything they need that is not in the cache. Events go to sink, which may be nil, and
// to Config.Events. Cancelling ctx interrupts the prompt: the error then wraps ErrInterrupted. A node that fails makes it a
// *NodeError. Prompts of an engine run one after another; waiting for the turn ends with ctx as well.
func (e *Engine) Run(ctx context.Context, req Request, sink Sink) (Result, error) {
	select {
	case <-e.turn:
		defer func() { e.turn <- struct{}{} }()
	case <-ctx.Done():
		return Result{}, fmt.Errorf("%w while waiting for another prompt: %w", ErrInterrupted, context.Cause(ctx))
	}
	r := &run{
		engine: e, req: req, ctx: ctx, bound: e.bind(ctx),
		emitter: newEmitter(req.PromptID, req.ClientID, e.config.Events, sink),
	}
	r.promptText = sync.OnceValues(func() ([]byte, error) { return ojson.Marshal(r.doc.prompt, ojson.Python) })
	err := r.run()
	r.finish()
	return r.result(), err
}

// Free drops all cached results and node states, as /free does. It waits for a running prompt.
func (e *Engine) Free() {
	<-e.turn
	defer func() { e.turn <- struct{}{} }()
	e.cache.clear()
	clear(e.states)
}

// run is one execution of a prompt.
type run struct {
	engine  *Engine
	req     Request
	ctx     context.Context
	bound   context.Context
	emitter *emitter
	// promptID is that of the request, boxed once for all the messages it goes into.
	promptID any
	plan
	doc      *document
	executed []string
	cached   []string
	ui       []shownUI

	promptText func() ([]byte, error)
	extraInfo  ExtraPNGInfo
	gathered   []gathered // scratch of the node at work
}

// shownUI is a line of the history's outputs: the ui of a node, which another one with the same signature may have made.
type shownUI struct {
	id string
	ui *uiResult
}

func (r *run) run() error {
	r.promptID = r.req.PromptID
	r.emitter.message(EventExecutionStart, ojson.NewObject("prompt_id", r.promptID), false)
	r.prepare()
	r.emitter.message(EventExecutionCached,
		ojson.NewObject("nodes", stringArray(r.cached), "prompt_id", r.promptID), false)
	for _, id := range r.req.Outputs {
		i, ok := r.doc.index.get(id)
		if !ok {
			return fmt.Errorf("output %s: there is no such node; pass the outputs that Validate returned", id)
		}
		r.add(i)
	}
	for r.pending > 0 {
		n := r.next()
		if n == nil {
			return r.failCycle()
		}
		again, err := r.step(n)
		if err != nil {
			return r.fail(n, err)
		}
		if !again {
			r.complete(n)
		} else if len(n.waiting) == 0 {
			r.enqueue(n)
		}
	}
	r.emitter.message(EventExecutionSuccess, ojson.NewObject("prompt_id", r.promptID), false)
	return nil
}

// prepare numbers the nodes, signs them, drops what the new prompt does not use and lists what is cached.
func (r *run) prepare() {
	e := r.engine
	r.doc = readDocument(e.registry, r.req.Prompt)
	e.cache.begin(len(r.doc.nodes))
	r.plan.init(e.cache, len(r.doc.nodes))
	r.slab = make([]runNode, len(r.doc.nodes))
	for _, n := range r.doc.nodes {
		r.grow(n, nil)
	}
	r.connect(0)
	r.fingerprint(0)
	r.sign(0)
	e.cache.sweep()
	e.keepStates(r.doc)
	for _, n := range r.nodes {
		if n.shared != nil && n.shared.entry != nil {
			r.cached = append(r.cached, n.id)
			r.show(n.id, n.shared.entry)
		}
	}
}

// show puts the ui of a node and of those it expanded into into the history.
func (r *run) show(id string, from *entry) {
	if from.ui != nil {
		r.ui = append(r.ui, shownUI{id, from.ui})
	}
	for _, inner := range from.inner {
		r.ui = append(r.ui, shownUI{inner.ref.ID, inner})
	}
}

// finish lets go of what the run held and ends its events.
func (r *run) finish() {
	for _, n := range r.nodes {
		if n.result != nil {
			r.cache.release(n.result)
			n.result = nil
		}
	}
	r.emitter.close()
}

func (r *run) result() Result {
	outputs := ojson.NewObjectSize(len(r.ui))
	for _, s := range r.ui {
		outputs.Set(s.id, s.ui.output)
	}
	return Result{Executed: r.executed, Cached: r.cached, Prompt: r.doc.prompt, Outputs: outputs, ui: r.ui}
}
