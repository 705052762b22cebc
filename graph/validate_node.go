package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// nodeCheck is what can be said about one node without looking at the nodes before it, except for their output types.
type nodeCheck struct {
	errors   []*ojson.Object // ComfyUI's error objects
	problems []InputError
	raised   *exception // Python would have given up on the node here; it replaces errors
	links    []checkedLink
}

// checkedLink is a link of the right type: the source is to be validated next.
type checkedLink struct {
	input  *Input
	source int32
	value  []any
}

// checkNode applies the rules of contract 3.4 to one node and stores coerced constants back. Inputs are taken in the order of
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
		k.raise("", &exception{"TypeError", "argument of type '" + pythonType(inputs) + "' is not iterable"}, "make inputs an object")
	} else {
		k.raise("", &exception{"KeyError", "'inputs'"}, `write "inputs": {} if there are none`)
	}
	return false
}

type nodeChecker struct {
	*validator
	node  *docNode
	check *nodeCheck
}

// raise notes that Python gives up on the node. Only the first exception counts, but every problem is told.
func (k *nodeChecker) raise(input string, e *exception, hint string) {
	if k.check.raised == nil {
		k.check.raised = e
	}
	k.problem(input, e.text, hint)
}

func (k *nodeChecker) problem(input, problem, hint string) {
	k.check.problems = append(k.check.problems, InputError{k.node.id, k.node.class.Name, input, problem, hint})
}

// fail adds an error object; the pairs are its extra_info.
func (k *nodeChecker) fail(kind, message, details string, extra ...any) {
	k.check.errors = append(k.check.errors, apiError(kind, message, details, ojson.NewObject(extra...)))
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

func (k *nodeChecker) link(in *Input, value []any) {
	if len(value) != 2 {
		k.fail("bad_linked_input", "Bad linked input, must be a length-2 list of [node_id, slot_index]", in.Name,
			"input_name", in.Name, "input_config", k.config(in), "received_value", value)
		k.problem(in.Name, pythonStr(value)+" is no link", `write ["node id", slot]; a list as a value is {"__value__": [...]}`)
		return
	}
	source, raised := k.source(value[0])
	if raised != nil {
		k.raise(in.Name, raised, k.sourceHint(value[0]))
		return
	}
	from := k.doc.nodes[source]
	if from.class == nil {
		return // its own problem; what it puts out is not known
	}
	slot, raised := slotOf(value[1], len(from.class.Outputs))
	if raised != nil {
		k.raise(in.Name, raised, fmt.Sprintf("%s has %d outputs, the first is 0", from.class.Name, len(from.class.Outputs)))
		return
	}
	out := from.class.Outputs[slot]
	if !k.compatible(from.class, out, in) {
		received, wanted := from.class.outputType(out), k.wanted(in)
		k.fail("return_type_mismatch", "Return type mismatch between linked nodes",
			fmt.Sprintf("%s, received_type(%s) mismatch input_type(%s)", in.Name, pythonStr(received), pythonStr(wanted)),
			"input_name", in.Name, "input_config", k.config(in), "received_type", received, "linked_node", value)
		k.problem(in.Name, fmt.Sprintf("wants %s, but output %d of node %s (%s) is %s", in.Type, slot, from.id, from.class.Name, out.Type),
			"connect a "+in.Type)
		return
	}
	k.links = append(k.links, checkedLink{in, source, value})
}

// source finds the node of a link. Ids are strings; anything else is in no prompt.
func (k *nodeChecker) source(id any) (int32, *exception) {
	switch id := id.(type) {
	case string:
		if i, ok := k.doc.index.get(id); ok {
			return i, nil
		}
	case []any, *ojson.Object:
		return 0, &exception{"TypeError", "unhashable type: '" + pythonType(id) + "'"}
	}
	return 0, &exception{"KeyError", ojson.PythonRepr(id)}
}

func (k *nodeChecker) sourceHint(id any) string {
	if _, isString := id.(string); !isString {
		if _, ok := k.doc.index.get(pythonStr(id)); ok {
			return fmt.Sprintf("node ids are strings: write %q", pythonStr(id))
		}
	}
	return fmt.Sprintf("there is no node %s; connect another one", pythonStr(id))
}

// slotOf is the index a link means: negative ones count from the end, as in Python.
func slotOf(slot any, outputs int) (int, *exception) {
	var n int64
	switch slot := slot.(type) {
	case int64:
		n = slot
	case bool:
		n = boolNumber(slot)
	case uint64:
		n = int64(outputs)
	default:
		return 0, &exception{"TypeError", "tuple indices must be integers or slices, not " + pythonType(slot)}
	}
	if n < 0 {
		n += int64(outputs)
	}
	if n < 0 || n >= int64(outputs) {
		return 0, &exception{"IndexError", "tuple index out of range"}
	}
	return int(n), nil
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
		k.raise(in.Name, &exception{"OSError", err.Error()}, "")
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

// config is [type, options], as errors show it.
func (k *nodeChecker) config(in *Input) []any {
	list, _ := k.choices(in) // where it cannot be read, the error is already told
	spec, err := k.node.class.spec(in, func(string) ([]string, error) { return list.names, nil })
	if err != nil || len(spec) == 0 {
		return nil
	}
	if len(spec) == 1 {
		spec = append(spec, ojson.NewObject())
	}
	return spec
}

// wanted is the declared type as it stands in input_config.
func (k *nodeChecker) wanted(in *Input) any { return k.config(in)[0] }

// compatible applies contract 3.5 in its safe form: "*" on either side, equal types, or comma lists with a common member.
func (k *nodeChecker) compatible(from *Class, out *Output, in *Input) bool {
	if out.Type == TypeAny || in.Type == TypeAny {
		return true
	}
	classicOut := out.Type == TypeCombo && !from.V3
	classicIn := in.Combo() && !k.node.class.V3 && !in.typed
	if classicOut || classicIn {
		list, err := k.choices(in)
		return classicOut && classicIn && err == nil && slices.Equal(out.Enum, list.names)
	}
	if out.Type == in.Type {
		return true
	}
	for received := range strings.SplitSeq(out.Type, ",") {
		for wanted := range strings.SplitSeq(in.Type, ",") {
			if strings.TrimSpace(received) == strings.TrimSpace(wanted) {
				return true
			}
		}
	}
	return false
}

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
