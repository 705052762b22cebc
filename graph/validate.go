package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// Validation says which outputs of a prompt can run and what is wrong with the others. Constants of the prompt have been coerced
// to the declared types in place.
type Validation struct {
	// Outputs are the output nodes that can run, in document order; none means that the prompt is refused.
	Outputs []string
	// Errors is everything that is wrong, each mistake on its node, in document order. It may hold more than ComfyUI tells:
	// all unknown classes at once, the mistakes of the nodes beside them, and cycles by name.
	Errors InputErrors

	failure    *ojson.Object // why the whole prompt is refused
	nodeErrors []nodeError
	failed     []string // outputs that cannot run
}

// OK reports whether anything can run.
func (v *Validation) OK() bool { return v.failure == nil }

// Err is nil for a prompt without any mistake, and otherwise Errors.
func (v *Validation) Err() error {
	if len(v.Errors) == 0 {
		return nil
	}
	return v.Errors
}

// Validate checks a prompt as ComfyUI does and stores coerced constants back into it. targets limits the outputs
// to these ids; nil means all of them. Depth is bounded by memory only: neither long chains nor cycles recurse.
func (e *Engine) Validate(prompt *ojson.Object, targets []string) *Validation {
	v := &validator{
		doc:   readDocument(e.registry, prompt),
		list:  e.config.Choices,
		lists: map[string]*choiceList{},
		ctx:   e.bind(context.Background()),
	}
	v.state = make([]visitState, len(v.doc.nodes))
	v.checks = make([]nodeCheck, len(v.doc.nodes))
	v.wholePrompt(e.registry, targets)
	for _, o := range v.outputs {
		v.output(o)
	}
	return v.result()
}

type visitState uint8

const (
	unvisited visitState = iota
	visiting
	valid
	invalid
)

// validator holds one validation. Slices are by node number.
type validator struct {
	doc   *document
	list  Choices
	lists map[string]*choiceList
	// configs are the input_config of inputs with mistakes.
	configs map[*Input][]any
	ctx     context.Context

	state  []visitState
	checks []nodeCheck
	links  []checkedLink // pieces of it go to the checks
	order  []int32       // invalid nodes with reasons, in the order they were found
	stack  []frame
	cycles []InputError

	outputs []int32
	refused *ojson.Object // stage 1
	unknown InputErrors   // mistakes of stage 1
	good    []string
	direct  []*ojson.Object // errors of failed outputs themselves
	failed  []string
	// listed is the number of nodes of order that have their place in nodeErrors.
	listed     int
	nodeErrors []nodeError
}

// nodeError is an entry of node_errors; dependents are failed[from:].
type nodeError struct {
	node    *docNode
	reasons []*ojson.Object
	from    int
}

// wholePrompt is stage 1. ComfyUI stops at the first failure; the engine's own list has all of them.
func (v *validator) wholePrompt(r *Registry, targets []string) {
	unknown := map[string]InputError{}
	wanted := make(map[string]bool, len(targets))
	for _, id := range targets {
		wanted[id] = true
	}
	for i, n := range v.doc.nodes {
		switch {
		case n.class == nil && !n.object.Has("class_type"):
			v.refuse("invalid_prompt", "Cannot execute because a node is missing the class_type property.", "Node ID '#"+n.id+"'")
			v.unknown = append(v.unknown, InputError{NodeID: n.id, Problem: "no class_type",
				Hint: "this is not a node of an API prompt; export the workflow in API format"})
		case n.class == nil:
			class := n.className()
			v.refuse("invalid_prompt", "Cannot execute because node "+class+" does not exist.", "Node ID '#"+n.id+"'")
			problem, told := unknown[class]
			if !told {
				problem = r.unknownClass(class)
				unknown[class] = problem
			}
			problem.NodeID = n.id
			v.unknown = append(v.unknown, problem)
		case n.class.Output && (targets == nil || wanted[n.id]):
			v.outputs = append(v.outputs, int32(i))
		}
	}
	if len(v.outputs) == 0 {
		v.refuse("prompt_no_outputs", "Prompt has no outputs", "")
		if len(v.unknown) == 0 {
			problem := InputError{Problem: "the workflow has no output node", Hint: "add one, such as SaveImage"}
			if targets != nil {
				problem = InputError{Problem: "none of the wanted nodes is an output node: " + strings.Join(targets, ", "),
					Hint: "name nodes that save or show something"}
			}
			v.unknown = append(v.unknown, problem)
		}
	}
}

func (v *validator) refuse(kind, message, details string) {
	if v.refused == nil {
		v.refused = apiError(kind, message, details, ojson.NewObject())
	}
}

func (r *Registry) unknownClass(class string) InputError {
	names := make([]string, len(r.order))
	for i, c := range r.order {
		names[i] = c.Name
	}
	hint := "install what has it, or replace the node"
	if near := nearest(class, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return InputError{Class: class, Problem: "the class does not exist", Hint: hint}
}

// output validates one output node and all it needs.
func (v *validator) output(o int32) {
	v.visit(o)
	n := v.doc.nodes[o]
	if v.state[o] == valid {
		v.good = append(v.good, n.id)
		return
	}
	for ; v.listed < len(v.order); v.listed++ {
		i := v.order[v.listed]
		v.nodeErrors = append(v.nodeErrors, nodeError{v.doc.nodes[i], v.reasons(i), len(v.failed)})
	}
	v.failed = append(v.failed, n.id)
	if v.refused == nil {
		v.direct = append(v.direct, v.reasons(o)...)
	}
}

// result orders the problems by node and decides.
func (v *validator) result() *Validation {
	r := &Validation{Outputs: v.good, failure: v.refused, nodeErrors: v.nodeErrors, failed: v.failed}
	if r.failure == nil && len(v.good) == 0 {
		details := make([]string, len(v.direct))
		for i, e := range v.direct {
			details[i] = e.String("message") + ": " + e.String("details")
		}
		r.failure = apiError("prompt_outputs_failed_validation", "Prompt outputs failed validation", strings.Join(details, "\n"), ojson.NewObject())
	}
	if v.refused != nil {
		r.Outputs, r.nodeErrors, r.failed = nil, nil, nil
	}
	r.Errors = append(r.Errors, v.unknown...)
	for _, check := range v.checks {
		if check.wrong != nil {
			r.Errors = append(r.Errors, check.wrong.problems...)
		}
	}
	r.Errors = append(r.Errors, v.cycles...)
	v.sortErrors(r.Errors)
	return r
}

func (v *validator) sortErrors(list InputErrors) {
	place := func(e InputError) int {
		if i, ok := v.doc.index.get(e.NodeID); ok {
			return int(i)
		}
		return -1
	}
	slices.SortStableFunc(list, func(a, b InputError) int { return place(a) - place(b) })
}
