package graph

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Registry holds node classes by name. It is read-only and may be shared by any number of engines.
type Registry struct {
	classes map[string]*Class
	order   []*Class
}

// New reads the declared classes. Everything that is wrong with their tags and types is reported together, one line each:
//
//	node KSampler: input Steps: tag default="many": not a whole number
func New(declarations ...Declaration) (*Registry, error) {
	r := &Registry{classes: make(map[string]*Class, len(declarations))}
	var wrong []error
	for _, d := range declarations {
		c, errs := d.class, []error(nil)
		if c == nil {
			c, errs = readClass(d.typ)
		}
		wrong = append(wrong, errs...)
		if c == nil {
			continue
		}
		if other := r.classes[c.Name]; other != nil {
			wrong = append(wrong, fmt.Errorf("node %s: declared twice, in the modules %s and %s", c.Name, other.Module, c.Module))
			continue
		}
		r.classes[c.Name] = c
		r.order = append(r.order, c)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return r, nil
}

// With is a registry with further classes behind those of r, which stays as it is. Names that are taken are an error.
func (r *Registry) With(declarations ...Declaration) (*Registry, error) {
	more, err := New(declarations...)
	if err != nil {
		return nil, err
	}
	all := &Registry{classes: maps.Clone(r.classes), order: slices.Concat(r.order, more.order)}
	for _, c := range more.order {
		if other := r.classes[c.Name]; other != nil {
			return nil, fmt.Errorf("node %s: there is such a class already, in the module %s", c.Name, other.Module)
		}
		all.classes[c.Name] = c
	}
	return all, nil
}

// Class returns the class with that name, or nil.
func (r *Registry) Class(name string) *Class { return r.classes[name] }

// Classes lists all classes in the order of declaration. The slice is shared: do not write to it.
func (r *Registry) Classes() []*Class { return r.order }
