package comfy

import (
	"slices"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// widget is a widget of a node with its value; nil is none.
type widget struct {
	*Input
	value any
	place place
}

// place is where a file keeps a value: an entry of widgets_values, or one by name. The zero value is nowhere.
type place struct {
	list  []any
	entry int
	named *ojson.Object
	name  string
}

// set writes a value into the graph itself, and says whether it has a place for it.
func (p place) set(v any) bool {
	switch {
	case p.list != nil:
		p.list[p.entry] = v
	case p.named != nil:
		p.named.Set(p.name, v)
	default:
		return false
	}
	return true
}

// holds says whether the file has a value there.
func (p place) holds() bool {
	if p.list != nil {
		return p.list[p.entry] != nil
	}
	v, _ := p.named.Get(p.name)
	return v != nil
}

// savedValue is a value with its place.
type savedValue struct {
	value any
	place place
}

// readWidgets matches the saved values of a node to the widgets of its class. Missing values are the widget's default; entries that are
// left over are ignored, as a file may be older or newer than the definition.
func readWidgets(class *Class, saved any) []widget {
	var widgets []widget
	for i := range class.Inputs {
		if in := &class.Inputs[i]; in.Widget {
			widgets = append(widgets, widget{Input: in, value: in.Default})
		}
	}
	switch saved := saved.(type) {
	case *ojson.Object:
		for i := range widgets {
			w := &widgets[i]
			w.place = place{named: saved, name: w.Name}
			if v, ok := saved.Get(w.Name); ok && v != nil {
				w.value = v
			}
		}
	case []any:
		entries := widgetEntries{saved: saved, dummies: dummyEntries(class, saved)}
		for i := range widgets {
			w := &widgets[i]
			if v, entry, ok := entries.next(); ok {
				w.place = place{list: saved, entry: entry}
				if v != nil {
					w.value = v
				}
			}
			entries.skipControl(widgets[i:])
		}
	}
	return widgets
}

// widgetEntries walks over the entries of widgets_values.
type widgetEntries struct {
	saved   []any
	at      int
	dummies []bool // entries to pass over; nil if there are none
}

// peek returns the entry that is next, and its place.
func (e *widgetEntries) peek() (v any, entry int, ok bool) {
	for e.at < len(e.dummies) && e.dummies[e.at] {
		e.at++
	}
	if e.at >= len(e.saved) {
		return nil, 0, false
	}
	return e.saved[e.at], e.at, true
}

func (e *widgetEntries) next() (v any, entry int, ok bool) {
	v, entry, ok = e.peek()
	e.at++
	return v, entry, ok
}

// skipControl steps over the entries of the control of widgets[0]: the mode, and for a drop-down also a filter. An entry that cannot
// be a mode is the next widget's value: the file is older than the control. The other way round, a mode that no widget wants is
// skipped after a whole number: the definition has lost its control.
func (e *widgetEntries) skipControl(widgets []widget) {
	entry, _, ok := e.peek()
	w := widgets[0]
	_, legacy := entry.(bool)
	switch {
	case !ok:
	case !w.Control:
		if w.Type == graph.TypeInt && isControlWord(entry) && (len(widgets) == 1 || !widgets[1].accepts(entry)) {
			e.next()
		}
	case entry == nil || legacy || isControlWord(entry):
		e.next()
		if w.Type == graph.TypeCombo {
			e.next()
		}
	}
}

// dummyEntries marks the entries of inputs with forceInput, which editors before 1.16 saved although they have no widget; nil if there
// are none. Such a file is known by its number of entries.
func dummyEntries(class *Class, saved []any) []bool {
	if !slices.ContainsFunc(class.Inputs, func(in Input) bool { return in.Forced }) {
		return nil
	}
	var dummies []bool
	upload := 0
	for _, in := range class.Inputs {
		if !in.Widget && !in.Forced {
			continue
		}
		dummies = append(dummies, in.Forced)
		if in.Control {
			dummies = append(dummies, false)
			if in.Type == graph.TypeCombo {
				dummies = append(dummies, false)
			}
		}
		if in.Upload {
			upload = 1
		}
	}
	if len(saved) != len(dummies) && len(saved) != len(dummies)+upload {
		return nil
	}
	return dummies
}

func isControlWord(v any) bool {
	switch v {
	case "fixed", "increment", "decrement", "randomize", "increment-wrap":
		return true
	}
	return false
}

// accepts says whether a text may be the value of an input.
func (in *Input) accepts(text any) bool {
	switch in.Type {
	case graph.TypeString:
		return true
	case graph.TypeCombo:
		s, ok := text.(string)
		return !ok || len(in.Choices) == 0 || slices.Contains(in.Choices, s)
	}
	return false
}
