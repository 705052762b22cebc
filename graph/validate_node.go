package graph

import (
	"fmt"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// nodeCheck is what can be said about one node without looking at the nodes before it, except for their output types.
type nodeCheck struct {
	links []checkedLink
	wrong *mistakes // nil for most nodes
}

// mistakes are what is wrong with a node itself.
type mistakes struct {
	errors   []*ojson.Object // ComfyUI's error objects
	problems []InputError
	raised   *exception // Python would have given up on the node here; it replaces errors
}

// checkedLink is a link of the right type: the source is to be validated next.
type checkedLink struct {
	input  *Input
	source int32
}

// checkNode validates one node by itself and stores coerced constants back. Inputs are taken in the order of
// declaration; ComfyUI's order is that of a set.
func (v *validator) checkNode(i int32, check *nodeCheck) {
	n := v.doc.nodes[i]
	k := &nodeChecker{validator: v, node: n, check: check}
	if n.inputs == nil && !k.iterable() {
		return
	}
	const chunk = 256
	if cap(v.links)-len(v.links) < len(n.class.Inputs) {
		v.links = make([]checkedLink, 0, max(chunk, len(n.class.Inputs)))
	}
	start := len(v.links)
	for _, in := range n.class.Inputs {
		value, ok := n.inputs.Get(in.Name)
		switch list, isLink := value.([]any); {
		case !ok && in.Optional:
		case !ok:
			k.missing(in)
		case isLink:
			k.link(in, list)
		default:
			k.constant(in, value)
		}
	}
	check.links = v.links[start:len(v.links):len(v.links)]
	if n.class.checker {
		k.custom()
	}
}

// iterable reports whether Python would look for names in inputs that are no object: in a text or a list it would, and find none.
func (k *nodeChecker) iterable() bool {
	inputs, ok := k.node.object.Get("inputs")
	switch inputs.(type) {
	case string, []any:
		return true
	}
	if ok {
		k.raise(&exception{"TypeError", "argument of type '" + pythonType(inputs) + "' is not iterable"},
			"", "inputs is "+pythonStr(inputs), "make it an object")
	} else {
		k.raise(&exception{"KeyError", "'inputs'"}, "", "has no inputs", `write "inputs": {} if there are none`)
	}
	return false
}

// nodeChecker is the work on one node.
type nodeChecker struct {
	*validator
	node  *docNode
	check *nodeCheck
}

func (k *nodeChecker) mistakes() *mistakes {
	if k.check.wrong == nil {
		k.check.wrong = &mistakes{}
	}
	return k.check.wrong
}

// raise notes that Python gives up on the node. Only the first exception counts, but every problem is told.
func (k *nodeChecker) raise(e *exception, input, problem, hint string) {
	if m := k.mistakes(); m.raised == nil {
		m.raised = e
	}
	k.problem(input, problem, hint)
}

func (k *nodeChecker) problem(input, problem, hint string) {
	m := k.mistakes()
	m.problems = append(m.problems, InputError{k.node.id, k.node.class.Name, input, problem, hint})
}

// fail adds an error object; the pairs are its extra_info.
func (k *nodeChecker) fail(kind, message, details string, extra ...any) {
	m := k.mistakes()
	m.errors = append(m.errors, apiError(kind, message, details, ojson.NewObject(extra...)))
}

func apiError(kind, message, details string, extra *ojson.Object) *ojson.Object {
	return ojson.NewObject("type", kind, "message", message, "details", details, "extra_info", extra)
}

func (k *nodeChecker) missing(in *Input) {
	k.fail("required_input_missing", "Required input is missing", in.Name, "input_name", in.Name)
	hint := "connect a " + in.Type
	if in.Widget() {
		hint = "give it a value"
	}
	var unknown []string
	for name := range k.node.inputs.All() {
		if k.node.class.Input(name) == nil {
			unknown = append(unknown, name)
		}
	}
	if near := nearest(in.Name, unknown); near != "" {
		hint = fmt.Sprintf("the node has %q, which is no input of this class", near)
	}
	k.problem(in.Name, "required input is missing", hint)
}

func (k *nodeChecker) constant(in *Input, value any) {
	inputs := k.node.inputs
	value, wrapped := unwrapConstant(value)
	if wrapped {
		inputs.Set(in.Name, value)
	}
	coerced, raised := in.coerce(value)
	if raised != nil {
		k.fail("invalid_input_type", "Failed to convert an input value to a "+in.Type+" value",
			fmt.Sprintf("%s, %s, %s", in.Name, pythonStr(value), raised.text),
			"input_name", in.Name, "input_config", k.config(in), "received_value", value, "exception_message", raised.text)
		k.problem(in.Name, ojson.PythonRepr(value)+" is not "+typeWords(in.Type), in.rangeHint())
		return
	}
	if wrapped || in.coerces() && coerced != value {
		inputs.Set(in.Name, coerced)
	}
	if in.Self {
		return
	}
	if b := in.outside(coerced); b != nil {
		k.fail(b.kind(), b.message(in, coerced), in.Name,
			"input_name", in.Name, "input_config", k.config(in), "received_value", coerced)
		k.problem(in.Name, "is "+in.numberText(coerced), in.rangeHint())
		return
	}
	if in.Combo() && !k.node.class.V3 && !in.typed {
		k.member(in, coerced)
	}
}

// member tests a classic drop-down; ComfyUI leaves the newer ones to the node.
func (k *nodeChecker) member(in *Input, value any) {
	list, err := k.choices(in)
	if err != nil {
		k.raise(&exception{"OSError", err.Error()}, in.Name, "the choices cannot be read: "+err.Error(), "")
		return
	}
	if s, ok := value.(string); ok && list.has(s) {
		return
	}
	var config any
	text := fmt.Sprintf("(list of length %d)", len(list.names))
	if len(list.names) <= 20 {
		config, text = k.config(in), pythonStr(stringArray(list.names))
	}
	k.fail("value_not_in_list", "Value not in list", fmt.Sprintf("%s: '%s' not in %s", in.Name, pythonStr(value), text),
		"input_name", in.Name, "input_config", config, "received_value", value)
	k.problem(in.Name, ojson.PythonRepr(value)+" is not in the list", list.hint(pythonStr(value)))
}

// custom asks the node itself, with its constants set and links left empty.
func (k *nodeChecker) custom() {
	node, err := k.node.class.constants(k.node.inputs)
	if ctx := k.ctx; err == nil {
		err = guard(func() error { return node.Interface().(Checker).Check(ctx) })
	}
	if err == nil {
		return
	}
	for _, in := range k.node.class.Inputs {
		if in.Self && k.node.inputs.Has(in.Name) {
			details := strings.TrimSuffix(in.Name+" - "+err.Error(), " - ")
			k.fail("custom_validation_failed", "Custom validation failed for node", details, "input_name", in.Name)
			k.problem(in.Name, err.Error(), "")
		}
	}
}

// config is [type, options], as errors show it. It is made once for each input, as a drop-down's list may be long.
func (k *nodeChecker) config(in *Input) []any {
	if spec, ok := k.configs[in]; ok {
		return spec
	}
	list, _ := k.choices(in) // where it cannot be read, the error is already told
	spec, err := k.node.class.spec(in, func(string) ([]string, error) { return list.names, nil })
	if err != nil {
		return nil
	}
	if len(spec) == 1 {
		spec = append(spec, ojson.NewObject())
	}
	if k.configs == nil {
		k.configs = map[*Input][]any{}
	}
	k.configs[in] = spec
	return spec
}

// wanted is the declared type as it stands in input_config.
func (k *nodeChecker) wanted(in *Input) any { return k.config(in)[0] }

func typeWords(wire string) string {
	switch wire {
	case TypeInt:
		return "a whole number"
	case TypeFloat:
		return "a finite number"
	}
	return "a " + wire
}

// rangeHint says what a number may be.
func (in *Input) rangeHint() string {
	low, high := in.Min, in.Max
	if holdsLow, holdsHigh := in.holds(); holdsLow != nil {
		if low == nil {
			low = holdsLow
		}
		if high == nil {
			high = holdsHigh
		}
	}
	switch {
	case low != nil && high != nil:
		return "use " + pythonStr(low) + " to " + pythonStr(high)
	case low != nil:
		return "use " + pythonStr(low) + " or more"
	case high != nil:
		return "use " + pythonStr(high) + " or less"
	}
	return ""
}
