package graph

import (
	"fmt"
	"reflect"
)

var (
	socketType = reflect.TypeFor[Socket]()
	comboType  = reflect.TypeFor[Combo]()
)

// wireType is the socket type of a Go type, with the choices where it is a drop-down.
func wireType(t reflect.Type) (name string, choices []string, err error) {
	if v, ok := instance(t, comboType); ok {
		return TypeCombo, v.(Combo).Choices(), nil
	}
	if v, ok := instance(t, socketType); ok {
		return v.(Socket).Socket(), nil, nil
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64:
		return TypeInt, nil, nil
	case reflect.Float64, reflect.Float32:
		return TypeFloat, nil, nil
	case reflect.String:
		return TypeString, nil, nil
	case reflect.Bool:
		return TypeBoolean, nil, nil
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return TypeAny, nil, nil
		}
	}
	return "", nil, fmt.Errorf("type %s has no socket type; give it a method Socket() string, or the field a type tag", t)
}

// instance returns a value of t, or a pointer to one, that implements iface, which is Socket or Combo. Interfaces have none.
func instance(t, iface reflect.Type) (any, bool) {
	switch {
	case t.Kind() == reflect.Interface:
		return nil, false
	case t.Kind() == reflect.Pointer && t.Implements(iface):
		return reflect.New(t.Elem()).Interface(), true
	case t.Implements(iface):
		return reflect.Zero(t).Interface(), true
	case reflect.PointerTo(t).Implements(iface):
		return reflect.New(t).Interface(), true
	}
	return nil, false
}
