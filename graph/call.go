package graph

import (
	"fmt"
	"reflect"
	"runtime/debug"

	"github.com/oneactor/oneactor/graph/ojson"
)

// panicError is a panic of a node, caught: it fails the node and not the process.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("the node panicked: %v", e.value) }

// Unwrap gives an error that was the value of the panic.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// guard calls f, a method of a node, and turns a panic into an error.
func guard(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value, debug.Stack()}
		}
	}()
	return f()
}

// constants is a node with its constants and defaults set; links stay zero. An error names the input that does not fit.
func (c *Class) constants(inputs *ojson.Object) (reflect.Value, error) {
	node := reflect.New(c.typ).Elem()
	for _, in := range c.Inputs {
		value, ok := inputs.Get(in.Name)
		if _, isLink := value.([]any); isLink {
			continue
		}
		if !ok && !in.HasDefault {
			continue
		}
		if !ok {
			value = in.Default
		}
		if err := c.setOne(node, in, value); err != nil {
			return node, err
		}
	}
	return node, nil
}

// setOne sets a field to a single value, in a class that takes lists to a list of one.
func (c *Class) setOne(node reflect.Value, in *Input, value any) error {
	field := node.Field(in.index)
	var err error
	if c.InputIsList {
		err = assignList(field, []any{value})
	} else {
		err = assign(field, value)
	}
	if err != nil {
		return fmt.Errorf("input %s: %w", in.Name, err)
	}
	return nil
}
