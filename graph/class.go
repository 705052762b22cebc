package graph

import (
	"reflect"
	"slices"

	"github.com/oneactor/oneactor/graph/ojson"
)

// Class is a node class as read from its struct. It does not change after New; slices in it are shared, do not write to them.
type Class struct {
	Name     string // class_type in prompts
	Title    string // display_name; "-" stands for null, "" for the name of the class
	Category string
	Doc      string
	Module   string // python_module
	Version  string // "" until the meaning of the node has changed once

	Output       bool // root of execution
	Deprecated   bool
	Experimental bool
	V3           bool // newer schema shape in /object_info
	InputIsList  bool // every input arrives as a list, one call
	Volatile     bool // NOT_IDEMPOTENT: two equal nodes never share a result

	Inputs  []*Input  // required first, then optional, each in field order
	Hidden  []*Hidden // in field order
	Outputs []*Output

	typ       reflect.Type
	run       int            // index of Run in the method set of typ
	byName    map[string]int // place in Inputs by wire name
	result    resultShape
	states    []int         // fields of type State
	prototype reflect.Value // a node with the defaults of its optional inputs; invalid where there are none
	uniqueID  bool          // asks for its own id: not shared between equal nodes

	fingerprinter, checker, lazy bool

	defined *Defined // what runs where there is no method
}

// Input returns the declared input with that wire name, or nil.
func (c *Class) Input(name string) *Input {
	if i, ok := c.byName[name]; ok {
		return c.Inputs[i]
	}
	return nil
}

// Wire types with a widget, and the type of every drop-down.
const (
	TypeInt     = "INT"
	TypeFloat   = "FLOAT"
	TypeString  = "STRING"
	TypeBoolean = "BOOLEAN"
	TypeCombo   = "COMBO"
	TypeAny     = "*"
)

// Input is a declared input. Numbers in it are int64, uint64 or float64, as the tag was written: "8.0" is a float, "8" is not.
type Input struct {
	Name     string // wire name
	Field    string // name of the struct field, for messages
	Type     string // wire type; TypeCombo for every drop-down
	Optional bool
	Lazy     bool // followed only when the node asks for it
	Force    bool // forceInput: a socket although the type has a widget
	Control  bool // control_after_generate
	Self     bool // tested by the node's own Check instead of range and membership

	HasDefault bool
	Default    any // bool, int64, uint64, float64 or string
	Min, Max   any // nil without limit
	Step       any
	Round      any // false, a number, or nil

	Enum       []string // fixed choices of a drop-down
	ChoicesKey string   // choices that the server lists by this key instead, such as "checkpoints"

	Multiline   *bool // nil where not declared
	Dynamic     *bool
	Placeholder *string
	Display     string
	Upload      string // "image": an upload button follows the widget
	LabelOn     *string
	LabelOff    *string
	Advanced    bool
	Unit        string // of the value, for people; not on the wire
	Doc         string // tooltip

	emptyOptions bool          // the options object is there although it is empty
	extra        *ojson.Object // further options
	typed        bool          // the wire type was given by tag

	index  int          // field of the struct
	goType reflect.Type // of one value: without the slice of a list class and the pointer of an optional input
}

// Combo reports whether the input is a drop-down.
func (in *Input) Combo() bool { return in.Type == TypeCombo }

// Widget reports whether an editor shows the input as a field to type or choose in.
func (in *Input) Widget() bool {
	switch in.Type {
	case TypeInt, TypeFloat, TypeString, TypeBoolean, TypeCombo:
		return !in.Force
	}
	return false
}

// Choices lists what a drop-down offers, asking list where the choices have a key; nil for other inputs.
func (in *Input) Choices(list Choices) ([]string, error) {
	if in.ChoicesKey == "" {
		return in.Enum, nil
	}
	if list == nil {
		return nil, nil
	}
	return list(in.ChoicesKey)
}

// Choices lists the names behind a key of a choices tag, such as the files in a model folder.
type Choices func(key string) ([]string, error)

// Hidden is an input that the engine fills.
type Hidden struct {
	Name  string
	Type  string // "PROMPT", "EXTRA_PNGINFO" or "UNIQUE_ID"
	index int
}

// Output is a socket of the result.
type Output struct {
	Name string // output_name: the type where no other was declared
	Type string
	List bool     // OUTPUT_IS_LIST
	Enum []string // where the type is a drop-down's, its choices
	Doc  string
}

// required and optional are the two halves of Inputs.
func (c *Class) required() []*Input { return c.Inputs[:c.split()] }
func (c *Class) optional() []*Input { return c.Inputs[c.split():] }

func (c *Class) split() int {
	if i := slices.IndexFunc(c.Inputs, func(in *Input) bool { return in.Optional }); i >= 0 {
		return i
	}
	return len(c.Inputs)
}
