package graph

import (
	"context"
	"fmt"
	"reflect"
)

var (
	metaType    = reflect.TypeFor[Meta]()
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

var metaKeys = []string{"category", "title", "doc", "module", "class", "version", "output", "deprecated", "experimental", "v3", "list", "volatile"}

// readClass reads a node struct. It returns every mistake it finds, each with the place where it is.
func readClass(t reflect.Type) (*Class, []error) {
	if t.Kind() != reflect.Struct {
		return nil, []error{fmt.Errorf("node %s: declare a struct, not a %s", t, t.Kind())}
	}
	c := &Class{Name: t.Name(), Category: "sd", Module: "oneactor", typ: t}
	r := classReader{class: c}
	r.meta()
	r.fields()
	r.run()
	r.powers()
	for i, err := range r.wrong {
		r.wrong[i] = fmt.Errorf("node %s: %w", c.Name, err)
	}
	return c, r.wrong
}

type classReader struct {
	class *Class
	wrong []error
}

func (r *classReader) fail(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Errorf(format, args...))
}

// meta reads the tag of the blank Meta field.
func (r *classReader) meta() {
	for i := range r.class.typ.NumField() {
		f := r.class.typ.Field(i)
		if f.Name != "_" || f.Type != metaType {
			continue
		}
		list, err := parseTags(f.Tag)
		if err != nil {
			r.fail("meta: %w", err)
			return
		}
		for _, t := range list {
			if err := r.metaTag(t); err != nil {
				r.fail("meta: %w", err)
			}
		}
		return
	}
	r.fail("no field \"_ graph.Meta\"; add one with at least a category tag")
}

func (r *classReader) metaTag(t tag) (err error) {
	c := r.class
	switch t.key {
	case "category":
		c.Category = t.value
	case "title":
		c.Title = t.value
	case "doc":
		c.Doc = t.value
	case "module":
		c.Module = t.value
	case "class":
		c.Name = t.value
	case "version":
		c.Version = t.value
	case "output":
		c.Output, err = parseFlag(t)
	case "deprecated":
		c.Deprecated, err = parseFlag(t)
	case "experimental":
		c.Experimental, err = parseFlag(t)
	case "v3":
		c.V3, err = parseFlag(t)
	case "list":
		c.InputIsList, err = parseFlag(t)
	case "volatile":
		c.Volatile, err = parseFlag(t)
	default:
		return unknownTag(t, metaKeys)
	}
	return err
}

// fields reads the inputs, hidden inputs and states.
func (r *classReader) fields() {
	c := r.class
	c.byName = make(map[string]int, c.typ.NumField())
	var optional []*Input
	for i := range c.typ.NumField() {
		f := c.typ.Field(i)
		if f.Name == "_" {
			continue
		}
		if !f.IsExported() {
			r.fail("field %s: not exported; the engine can only fill exported fields", f.Name)
			continue
		}
		if reflect.PointerTo(f.Type).Implements(stateType) {
			c.states = append(c.states, i)
			continue
		}
		if h := readHidden(f); h != nil {
			if h.index = i; h.Type == "UNIQUE_ID" {
				c.uniqueID = true
			}
			c.Hidden = append(c.Hidden, h)
			continue
		}
		in, errs := readInput(f, c.InputIsList)
		for _, err := range errs {
			r.fail("input %s: %w", f.Name, err)
		}
		in.index = i
		if in.Optional {
			optional = append(optional, in)
		} else {
			c.Inputs = append(c.Inputs, in)
		}
	}
	c.Inputs = append(c.Inputs, optional...)
	if len(r.wrong) == 0 {
		r.defaults(optional)
	}
	for i, in := range c.Inputs {
		if other, ok := c.byName[in.Name]; ok {
			r.fail("input %s: the wire name %q is taken by %s; give one of them an in tag", in.Field, in.Name, c.Inputs[other].Field)
			continue
		}
		c.byName[in.Name] = i
	}
}

// defaults prepares the values that absent optional inputs have.
func (r *classReader) defaults(optional []*Input) {
	c := r.class
	for _, in := range optional {
		if !in.HasDefault || c.InputIsList {
			continue
		}
		if !c.prototype.IsValid() {
			c.prototype = reflect.New(c.typ).Elem()
		}
		if err := assign(c.prototype.Field(in.index), in.Default); err != nil {
			r.fail("input %s: default: %w", in.Field, err)
		}
	}
}

type stater interface {
	newState() any
	setState(any)
}

var (
	stateType        = reflect.TypeFor[stater]()
	promptType       = reflect.TypeFor[Prompt]()
	extraPNGInfoType = reflect.TypeFor[ExtraPNGInfo]()
	uniqueIDType     = reflect.TypeFor[UniqueID]()
)

// readHidden returns the hidden input that f is, or nil.
func readHidden(f reflect.StructField) *Hidden {
	h := &Hidden{}
	switch f.Type {
	case promptType:
		h.Name, h.Type = "prompt", "PROMPT"
	case extraPNGInfoType:
		h.Name, h.Type = "extra_pnginfo", "EXTRA_PNGINFO"
	case uniqueIDType:
		h.Name, h.Type = "unique_id", "UNIQUE_ID"
	default:
		return nil
	}
	if name, ok := f.Tag.Lookup("in"); ok {
		h.Name = name
	}
	return h
}

// run checks the method Run and reads its results.
func (r *classReader) run() {
	c := r.class
	m, ok := c.typ.MethodByName("Run")
	if !ok {
		if _, onPointer := reflect.PointerTo(c.typ).MethodByName("Run"); onPointer {
			r.fail("Run has a pointer receiver; make it (n %s), so that calls cannot disturb each other", c.typ.Name())
			return
		}
		r.fail("no method Run(context.Context) (result, error)")
		return
	}
	c.run = m.Index
	t := m.Type // the receiver counts as the first parameter
	if t.NumIn() != 2 || t.In(1) != contextType || t.NumOut() < 1 || t.NumOut() > 2 || t.Out(t.NumOut()-1) != errorType {
		r.fail("Run is %s; make it Run(context.Context) (result, error) or Run(context.Context) error", t)
		return
	}
	if t.NumOut() == 1 {
		c.result.kind = resultNone
		return
	}
	shape, outputs, errs := readResult(t.Out(0))
	c.result, c.Outputs = shape, outputs
	for _, err := range errs {
		r.fail("result: %w", err)
	}
}

// powers finds the further interfaces of the node and checks that tags and methods agree.
func (r *classReader) powers() {
	c := r.class
	c.fingerprinter = c.typ.Implements(reflect.TypeFor[Fingerprinter]())
	c.checker = c.typ.Implements(reflect.TypeFor[Checker]())
	c.lazy = c.typ.Implements(reflect.TypeFor[Lazy]())
	self, lazy := false, false
	for _, in := range c.Inputs {
		self = self || in.Self
		lazy = lazy || in.Lazy
	}
	switch {
	case c.checker && !self:
		r.fail("has Check, but no input is tagged check:\"self\"")
	case self && !c.checker:
		r.fail("an input is tagged check:\"self\", but there is no Check(context.Context) error")
	}
	switch {
	case c.lazy && !lazy:
		r.fail("has Needs, but no input is tagged lazy:\"true\"")
	case lazy && !c.lazy:
		r.fail("an input is tagged lazy:\"true\", but there is no Needs(context.Context) []string")
	}
}
