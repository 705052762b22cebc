package comfy

import (
	"sync"

	"github.com/oneactor/oneactor/graph"
)

// Definitions is where node classes are looked up while a UI graph is read.
type Definitions interface {
	// Class returns the class with that class_type, or nil.
	Class(name string) *Class
}

// Class is what reading a UI graph needs to know of a node class.
type Class struct {
	Name    string
	Title   string   // shown on nodes without a title of their own
	Inputs  []Input  // required first, then optional: the order of widget values
	Outputs []Output // in slot order
	Root    bool     // an output node: what it needs runs
}

// Output is one output of a Class.
type Output struct{ Name, Type string }

// Input is one input of a Class.
type Input struct {
	Name    string
	Type    string   // "INT", "MODEL", …; "COMBO" for every drop-down
	Choices []string // of a drop-down, where all of them are texts
	Folder  string   // key of the list that the choices come from, such as "checkpoints"; "" where they are fixed or not known
	Default any      // value of a widget that a file says nothing about; nil if there is none

	Widget  bool // typed or chosen in the editor, and so counted in widgets_values
	Forced  bool // would be a widget but for forceInput: older files count it too
	Control bool // an entry "fixed", "randomize", … follows the value
	Upload  bool // an upload button has an entry after all widgets
	Dynamic bool // its text may hold {a|b} and comments (dynamicPrompts)
}

// controlled says that an entry for control_after_generate follows: where the definition declares it, and by default for the inputs
// that have always been seeds. declared is nil where the definition says nothing.
func (in *Input) controlled(declared *bool) bool {
	switch {
	case in.Type != graph.TypeInt && in.Type != graph.TypeCombo:
		return false
	case declared != nil:
		return *declared
	}
	return in.Type == graph.TypeInt && (in.Name == "seed" || in.Name == "noise_seed")
}

// hasWidget says whether the editor shows inputs of a type as a field, unless forceInput makes it a socket (contract 5.3).
func hasWidget(wireType string) bool {
	switch wireType {
	case graph.TypeInt, graph.TypeFloat, graph.TypeString, graph.TypeBoolean, graph.TypeCombo:
		return true
	}
	return false
}

// complete fills in the default that the editor gives a widget without one.
func (in *Input) complete() {
	if in.Default != nil || !in.Widget {
		return
	}
	switch in.Type {
	case graph.TypeInt, graph.TypeFloat:
		in.Default = int64(0)
	case graph.TypeString:
		in.Default = ""
	case graph.TypeBoolean:
		in.Default = false
	case graph.TypeCombo:
		if len(in.Choices) > 0 {
			in.Default = in.Choices[0]
		}
	}
}

// FromRegistry takes the classes that the engine can run; choices fills drop-downs that list files, and may be nil. Lists are
// asked for once per class, so the result is for reading one file, or a few. Several goroutines may use it.
func FromRegistry(r *graph.Registry, choices graph.Choices) Definitions {
	return &registry{classes: r, choices: choices, known: map[string]*Class{}}
}

type registry struct {
	classes *graph.Registry
	choices graph.Choices

	mu    sync.Mutex
	known map[string]*Class
}

func (r *registry) Class(name string) *Class {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.known[name]; c != nil {
		return c
	}
	declared := r.classes.Class(name)
	if declared == nil {
		return nil
	}
	c := &Class{Name: name, Title: declared.Title, Root: declared.Output}
	if c.Title == "" || c.Title == "-" {
		c.Title = name
	}
	for _, d := range declared.Inputs {
		in := Input{Name: d.Name, Type: d.Type, Default: d.Default, Widget: d.Widget(), Forced: d.Force && hasWidget(d.Type),
			Upload: d.Upload != "", Dynamic: d.Dynamic != nil && *d.Dynamic, Folder: d.ChoicesKey}
		// A list that cannot be read only costs the default of a widget that the file does not set.
		in.Choices, _ = d.Choices(r.choices)
		var control *bool
		if d.Control {
			control = &d.Control
		}
		in.Control = in.controlled(control)
		in.complete()
		c.Inputs = append(c.Inputs, in)
	}
	for _, out := range declared.Outputs {
		c.Outputs = append(c.Outputs, Output{out.Name, out.Type})
	}
	r.known[name] = c
	return c
}
