package graph

import (
	"fmt"
	"math"
	"reflect"
)

// assign puts v, a JSON constant or what another node put out, into a field. A nil leaves the zero value, as ComfyUI passes
// None. Numbers change their Go type where nothing is lost; a pointer field points at a copy.
func assign(dst reflect.Value, v any) error {
	if v == nil {
		dst.SetZero()
		return nil
	}
	src := reflect.ValueOf(v)
	t := dst.Type()
	if src.Type() == t || src.Type().AssignableTo(t) {
		dst.Set(src)
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		p := reflect.New(t.Elem())
		if err := assign(p.Elem(), v); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	case reflect.Int, reflect.Int64, reflect.Int32:
		if n, ok := wholeOf(src); ok && !dst.OverflowInt(n) {
			dst.SetInt(n)
			return nil
		}
	case reflect.Uint64:
		if n, ok := unsignedOf(src); ok {
			dst.SetUint(n)
			return nil
		}
	case reflect.Float64, reflect.Float32:
		if f, ok := floatOf(src); ok {
			dst.SetFloat(f)
			return nil
		}
	case reflect.String:
		if src.Kind() == reflect.String {
			dst.SetString(src.String())
			return nil
		}
	case reflect.Bool:
		if src.Kind() == reflect.Bool {
			dst.SetBool(src.Bool())
			return nil
		}
	case reflect.Slice:
		if list, ok := v.([]any); ok {
			return assignList(dst, list)
		}
	}
	if src.Kind() == reflect.Pointer && !src.IsNil() && src.Type().Elem().AssignableTo(t) {
		dst.Set(src.Elem())
		return nil
	}
	return fmt.Errorf("wants %s, got %s", t, describe(v))
}

// assignList fills a slice field with one element per item.
func assignList(dst reflect.Value, items []any) error {
	s := reflect.MakeSlice(dst.Type(), len(items), len(items))
	for i, item := range items {
		if err := assign(s.Index(i), item); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	dst.Set(s)
	return nil
}

// describe names a value in a message: small ones with their text.
func describe(v any) string {
	switch v.(type) {
	case bool, string, int, int64, uint64, float64:
		return fmt.Sprintf("%T %v", v, v)
	}
	return fmt.Sprintf("%T", v)
}

func wholeOf(v reflect.Value) (int64, bool) {
	switch {
	case v.CanInt():
		return v.Int(), true
	case v.CanUint():
		return int64(v.Uint()), v.Uint() <= math.MaxInt64
	case v.CanFloat():
		f := v.Float()
		return int64(f), f == math.Trunc(f) && math.Abs(f) < 1<<63
	case v.Kind() == reflect.Bool:
		return boolNumber(v.Bool()), true
	}
	return 0, false
}

func unsignedOf(v reflect.Value) (uint64, bool) {
	if v.CanUint() {
		return v.Uint(), true
	}
	n, ok := wholeOf(v)
	return uint64(n), ok && n >= 0
}

func floatOf(v reflect.Value) (float64, bool) {
	switch {
	case v.CanFloat():
		return v.Float(), true
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.Kind() == reflect.Bool:
		return float64(boolNumber(v.Bool())), true
	}
	return 0, false
}

func boolNumber(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
