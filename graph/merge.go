package graph

import (
	"fmt"
	"reflect"
	"slices"
)

// merged puts together what the calls of a node returned.
type merged struct {
	outputs  [][]any
	ui       UI
	several  bool         // there is more than one call
	calls    []callResult // filled only once one call expanded
	expanded bool
}

// callResult is what one call came to: its items per slot, or an expansion.
type callResult struct {
	outputs   [][]any
	expansion *Expansion
}

func (m *merged) init(c *Class, calls int) {
	// One piece of memory where it can be, as most nodes put out one item.
	m.several = calls > 1
	if len(c.Outputs) == 1 && calls == 1 {
		one := new(struct {
			slots [1][]any
			items [1]any
		})
		one.slots[0] = one.items[:0]
		m.outputs = one.slots[:]
		return
	}
	m.outputs = make([][]any, len(c.Outputs))
	flat := make([]any, 0, len(c.Outputs)*calls)
	for i := range m.outputs {
		m.outputs[i] = flat[i*calls : i*calls : (i+1)*calls]
	}
}

// block adds a call that was not made: every slot gets the blocker.
func (m *merged) block(c *Class, b *Blocker) {
	items := make([][]any, len(c.Outputs))
	for i := range items {
		items[i] = []any{b}
	}
	m.append(callResult{outputs: items})
}

// add takes the results of one call apart.
func (m *merged) add(c *Class, results []reflect.Value) error {
	shape := &c.result
	switch shape.kind {
	case resultNone:
		return nil
	case resultUI:
		m.addUI(results[0].Interface().(UI))
		return nil
	case resultExpand:
		return m.expand(c, results[0].Interface().(*Expansion))
	case resultDefined:
		return m.addProduced(c, results[0].Interface().(Produced))
	case resultSingle:
		m.addSlot(0, c.Outputs[0], results[0])
		return nil
	}
	s := results[0]
	if shape.ui >= 0 {
		m.addUI(s.Field(shape.ui).Interface().(UI))
	}
	if shape.expand >= 0 {
		if x := s.Field(shape.expand).Interface().(*Expansion); x != nil {
			return m.expand(c, x)
		}
	}
	if m.expanded {
		var one merged
		one.init(c, 1)
		for i, field := range shape.fields {
			one.addSlot(i, c.Outputs[i], s.Field(field))
		}
		m.calls = append(m.calls, callResult{outputs: one.outputs})
		return nil
	}
	for i, field := range shape.fields {
		m.addSlot(i, c.Outputs[i], s.Field(field))
	}
	return nil
}

// append adds the slots of a whole call.
func (m *merged) append(call callResult) {
	if m.expanded {
		m.calls = append(m.calls, call)
		return
	}
	for i, items := range call.outputs {
		m.outputs[i] = append(m.outputs[i], items...)
	}
}

// expand adds a call that expanded. What came before it is put into the list of calls first.
func (m *merged) expand(c *Class, x *Expansion) error {
	if x == nil {
		x = &Expansion{Result: make([]any, len(c.Outputs))}
	}
	if len(x.Result) != len(c.Outputs) {
		return fmt.Errorf("the expansion has %d results for %d outputs", len(x.Result), len(c.Outputs))
	}
	if !m.expanded {
		m.expanded = true
		m.calls = append(m.calls, callResult{outputs: m.outputs})
	}
	m.calls = append(m.calls, callResult{expansion: x})
	return nil
}

func (m *merged) addSlot(i int, out *Output, v reflect.Value) {
	if out.List {
		list := v.Interface().(interface{ unwrapList() []any }).unwrapList()
		for k := range list {
			list[k] = plain(list[k])
		}
		m.outputs[i] = append(m.outputs[i], list...)
		return
	}
	m.outputs[i] = append(m.outputs[i], plain(v.Interface()))
}

// plain takes a value out of Maybe and makes a nil pointer a plain nil, so that what reads it need know only one kind.
func plain(v any) any {
	if m, ok := v.(interface{ unwrapMaybe() any }); ok {
		v = m.unwrapMaybe()
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return nil
	}
	return v
}

// addUI appends the lists of a call to those of the calls before it.
func (m *merged) addUI(ui UI) {
	if len(ui) == 0 {
		return
	}
	if m.ui == nil && !m.several {
		m.ui = ui
		return
	}
	if m.ui == nil {
		m.ui = make(UI, len(ui))
	}
	for key, items := range ui {
		m.ui[key] = append(slices.Clip(m.ui[key]), items...)
	}
}
