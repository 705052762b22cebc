package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (k *nodeChecker) link(in *Input, value []any) {
	if len(value) != 2 {
		k.fail("bad_linked_input", "Bad linked input, must be a length-2 list of [node_id, slot_index]", in.Name,
			"input_name", in.Name, "input_config", k.config(in), "received_value", value)
		k.problem(in.Name, pythonStr(value)+" is no link", `write ["node id", slot]; a list as a value is {"__value__": [...]}`)
		return
	}
	source, raised := k.source(value[0])
	if raised != nil {
		k.raise(raised, in.Name, fmt.Sprintf("the link comes from node %s, which is not there", pythonStr(value[0])), k.sourceHint(value[0]))
		return
	}
	from := k.doc.nodes[source]
	if from.class == nil {
		return // its own problem; what it puts out is not known
	}
	slot, raised := slotOf(value[1], len(from.class.Outputs))
	if raised != nil {
		k.raise(raised, in.Name, fmt.Sprintf("node %s (%s) has no output %s", from.id, from.class.Name, pythonStr(value[1])), from.class.slots())
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
	k.links = append(k.links, checkedLink{in, source})
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
	return "connect another node"
}

// slots says which outputs there are.
func (c *Class) slots() string {
	switch len(c.Outputs) {
	case 0:
		return "it has no outputs"
	case 1:
		return "its only output is 0"
	}
	return fmt.Sprintf("its outputs are 0 to %d", len(c.Outputs)-1)
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

// compatible is the rule for links, as lenient as it can be without breaking a client: "*" on either side, equal types, or comma lists with a common member.
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
