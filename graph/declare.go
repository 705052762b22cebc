package graph

import "reflect"

// Declaration is one node class to register; Declare and Define make it.
type Declaration struct {
	typ   reflect.Type
	class *Class // instead of typ
}

// Declare declares the node class T: a struct with a blank field of type Meta and the method
// Run(context.Context) (result, error) or Run(context.Context) error on the value.
func Declare[T any]() Declaration { return Declaration{typ: reflect.TypeFor[T]()} }
