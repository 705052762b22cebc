package comfy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// converter turns a UI graph of plain nodes into an API prompt (contract 5.5).
type converter struct {
	resolver
	definitions Definitions
	random      *rand.Rand
	now         time.Time
	warnings    []Warning
	textLeft    int // what is left of maxTextWork

	widgets map[*uiNode][]widget // as read so far
	names   *nodeNames           // built when a text first asks for a node
}

// Bounds on what a hostile file can cost: a long text may be fed to many nodes, and one text may name another many times.
const (
	maxTextWork = 64 << 20 // bytes of text processed for one file
	maxWarnings = 100
)

// convert returns the prompt of g. Texts that were drawn at random are also written into the widget values of g, so that the graph saved
// with a picture says what made it.
func (c *converter) convert() (*ojson.Object, error) {
	if err := c.open(); err != nil {
		return nil, err
	}
	prompt := &ojson.Object{}
	for _, n := range c.executionOrder() {
		if !n.runs() {
			continue
		}
		class, title := c.definitions.Class(n.class), n.title
		if class == nil {
			class = &Class{Name: n.class, Title: n.class} // for its links; what its values mean is not known
		}
		if title == "" {
			title = class.Title
		}
		prompt.Set(n.id, ojson.NewObject(
			"inputs", c.inputs(n, class),
			"class_type", n.class,
			"_meta", ojson.NewObject("title", title),
		))
	}
	dropDeadLinks(prompt)
	return sortIDs(prompt), nil
}

// inputs returns the widget values of a node in definition order, then its links in slot order; a link takes the place of the
// value of its widget.
func (c *converter) inputs(n *uiNode, class *Class) *ojson.Object {
	type link struct {
		slot *uiSlot
		origin
	}
	var links []link
	var primitive map[string]any // values of PrimitiveNodes by widget
	var given map[string]*savedValue
	for i := range n.inputs {
		slot := &n.inputs[i]
		if slot.link == "" {
			continue
		}
		from := c.resolve(slot.link, slot.typ)
		switch {
		case from.given != nil:
			if given == nil {
				given = map[string]*savedValue{}
			}
			given[slot.widgetName()] = from.given
		case from.node == nil:
			if problem := c.dangling(slot.link); problem != "" {
				c.warn(n, fmt.Sprintf("input %s: %s; taken as not linked", slot.name, problem))
			}
		case from.node.class == "PrimitiveNode":
			if primitive == nil {
				primitive = map[string]any{}
			}
			primitive[slot.widgetName()] = c.primitiveValue(from.node)
		default:
			links = append(links, link{slot, from})
		}
	}
	inputs := &ojson.Object{}
	for _, w := range c.widgetsOf(n, class) {
		if v, ok := primitive[w.Name]; ok && v != nil {
			w.value = v
		}
		if v := given[w.Name]; v != nil {
			w.value, w.place = v.value, v.place
		}
		if slices.ContainsFunc(links, func(l link) bool { return l.slot.name == w.Name }) {
			inputs.Set(w.Name, nil) // keeps the place
			continue
		}
		if w.value == nil {
			continue
		}
		inputs.Set(w.Name, c.serialize(n, w))
	}
	for _, l := range links {
		inputs.Set(l.slot.name, []any{l.node.id, int64(l.origin.slot)})
	}
	return inputs
}

// widgetName is the widget that a slot feeds; older files name the slot like it and say no more.
func (s *uiSlot) widgetName() string {
	if s.widget != "" {
		return s.widget
	}
	return s.name
}

func (c *converter) widgetsOf(n *uiNode, class *Class) []widget {
	widgets, ok := c.widgets[n]
	if !ok {
		widgets = readWidgets(class, n.values)
		for i := range widgets {
			w := &widgets[i]
			if given, ok := n.given[w.Name]; ok {
				w.value, w.place = given.value, given.place
			}
			w.value = currentValue(class, *w)
		}
		c.widgets[n] = widgets
	}
	return widgets
}

// currentValue is the value that a file of an early version or of Windows means: sampler names began with "sample_" once, and names of files
// have backslashes there.
func currentValue(class *Class, w widget) any {
	if s, ok := w.value.(string); ok && w.Folder != "" && strings.Contains(s, `\`) && !slices.Contains(w.Choices, s) {
		if here := strings.ReplaceAll(s, `\`, "/"); slices.Contains(w.Choices, here) {
			return here
		}
	}
	if s, ok := w.value.(string); ok && w.Name == "sampler_name" && (class.Name == "KSampler" || class.Name == "KSamplerAdvanced") {
		return strings.TrimPrefix(s, "sample_")
	}
	return w.value
}

// primitiveValue is what a PrimitiveNode writes into the widgets that it feeds; nil if the file has none.
func (c *converter) primitiveValue(n *uiNode) any {
	v := n.firstValue()
	replace, _ := n.raw.Object("properties").Get("Run widget replace on values")
	if s, ok := v.(string); ok && replace == true {
		return c.replacePlaceholders(n, s)
	}
	return v
}

// firstValue is the first entry of widgets_values, or what a container sets in its place; nil if there is none.
func (n *uiNode) firstValue() any {
	if given, ok := n.given["value"]; ok {
		return given.value
	}
	if values, _ := n.values.([]any); len(values) > 0 {
		return values[0]
	}
	return nil
}

// serialize is what goes into the prompt for a widget value.
func (c *converter) serialize(n *uiNode, w widget) any {
	switch v := w.value.(type) {
	case []any:
		// A bare array would be read as a link.
		return ojson.NewObject("__value__", v)
	case string:
		if w.Type != graph.TypeString {
			return v
		}
		if w.Dynamic {
			if !c.spend(len(v)) {
				c.warn(n, fmt.Sprintf("input %s: the texts of the file are too long to look for {a|b}; text left as it is", w.Name))
				return v
			}
			drawn, err := drawText(v, c.random)
			if err != nil {
				c.warn(n, fmt.Sprintf("input %s: %v; text left as it is", w.Name, err))
			} else if drawn != v {
				if !c.shared(n, w.place) {
					w.place.set(drawn)
				}
			}
			return drawn
		}
		if w.Name == "filename_prefix" {
			return c.replacePlaceholders(n, v)
		}
	}
	return w.value
}

// spend takes bytes from the budget for texts and says whether there were enough.
func (c *converter) spend(bytes int) bool {
	c.textLeft -= bytes
	return c.textLeft >= 0
}

// warn adds a warning; those beyond maxWarnings are left out.
func (c *converter) warn(n *uiNode, text string) {
	if len(c.warnings) == maxWarnings {
		return
	}
	if len(c.warnings) == maxWarnings-1 {
		text += "; further warnings are left out"
	}
	c.warnings = append(c.warnings, Warning{NodeID: n.id, Class: n.class, Text: text})
}

// dropDeadLinks removes the inputs that are linked to a node outside the prompt, such as a muted one. Values of widgets are no links:
// arrays among them are wrapped.
func dropDeadLinks(prompt *ojson.Object) {
	dead := func(input any) bool {
		link, ok := input.([]any)
		return ok && !prompt.Has(link[0].(string))
	}
	for _, v := range prompt.All() {
		node := v.(*ojson.Object)
		inputs, live := node.Object("inputs"), &ojson.Object{}
		for name, input := range inputs.All() {
			if !dead(input) {
				live.Set(name, input)
			}
		}
		if live.Len() < inputs.Len() {
			node.Set("inputs", live)
		}
	}
}
