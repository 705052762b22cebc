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
	entry int // place in widgets_values; -1 if the file has no entry for it
}

// readWidgets matches the saved values of a node to the widgets of its class. Missing values are the widget's default; entries that are
// left over are ignored, as a file may be older or newer than the definition.
func readWidgets(class *Class, saved any) []widget {
	var widgets []widget
	for i := range class.Inputs {
		if in := &class.Inputs[i]; in.Widget {
			widgets = append(widgets, widget{in, in.Default, -1})
		}
	}
	switch saved := saved.(type) {
	case *ojson.Object:
		for i := range widgets {
			if v, ok := saved.Get(widgets[i].Name); ok && v != nil {
				widgets[i].value = v
			}
		}
	case []any:
		entries := widgetEntries(class, saved)
		at := 0
		for i := range widgets {
			w := &widgets[i]
			if at < len(entries) {
				w.entry = entries[at]
				if v := saved[w.entry]; v != nil {
					w.value = v
				}
			}
			at++
			at += controlEntries(widgets[i:], saved, entries, at)
		}
	}
	return widgets
}

// widgetEntries lists the places of entries that belong to widgets and their controls: all of them, except in files of editors before
// 1.16, which saved an entry for inputs with forceInput as well. Such a file is known by its number of entries.
func widgetEntries(class *Class, saved []any) []int {
	var forced []bool // by entry, in an old file
	upload := 0
	for _, in := range class.Inputs {
		if !in.Widget && !in.Forced {
			continue
		}
		forced = append(forced, in.Forced)
		if in.Control {
			forced = append(forced, false)
			if in.Type == graph.TypeCombo {
				forced = append(forced, false)
			}
		}
		if in.Upload {
			upload = 1
		}
	}
	old := slices.Contains(forced, true) && (len(saved) == len(forced) || len(saved) == len(forced)+upload)
	entries := make([]int, 0, len(saved))
	for i := range saved {
		if !old || i >= len(forced) || !forced[i] {
			entries = append(entries, i)
		}
	}
	return entries
}

// controlEntries counts the entries at a place that belong to the control of widgets[0]: the mode, and for a drop-down also a filter.
// An entry that cannot be a mode is the next widget's value: the file is older than the control. The other way round, a mode that no
// widget wants is skipped after a whole number: the definition has lost its control.
func controlEntries(widgets []widget, saved []any, entries []int, at int) int {
	if at >= len(entries) {
		return 0
	}
	entry := saved[entries[at]]
	if !widgets[0].Control {
		if widgets[0].Type == graph.TypeInt && isControlWord(entry) && (len(widgets) == 1 || !widgets[1].accepts(entry)) {
			return 1
		}
		return 0
	}
	if _, legacy := entry.(bool); entry != nil && !legacy && !isControlWord(entry) {
		return 0
	}
	if widgets[0].Type == graph.TypeCombo {
		return 2
	}
	return 1
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
