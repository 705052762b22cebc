package graph

import (
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/oneactor/oneactor/graph/ojson"
)

// unwrapConstant takes the value out of {"__value__": v}, the form in which arrays travel as constants.
func unwrapConstant(v any) (inner any, wrapped bool) {
	if o, ok := v.(*ojson.Object); ok {
		if inner, ok := o.Get("__value__"); ok {
			return inner, true
		}
	}
	return v, false
}

// coerces reports whether coerce changes values of this type at all.
func (in *Input) coerces() bool {
	switch in.Type {
	case TypeInt, TypeFloat, TypeString, TypeBoolean:
		return true
	}
	return false
}

// coerce turns a constant into the declared type as Python does.
func (in *Input) coerce(v any) (any, *exception) {
	switch in.Type {
	case TypeInt:
		return pythonInt(v)
	case TypeFloat:
		f, raised := pythonFloat(v)
		if raised == nil && in.limited() && !finite(f) && !in.Self {
			// Python compares NaN with nothing, so it would pass the range test and ruin every picture after it (cfg = NaN).
			if math.IsNaN(f) || in.outside(f) == nil {
				return nil, &exception{"ValueError", "must be a finite number"}
			}
		}
		return f, raised
	case TypeString:
		return pythonStr(v), nil
	case TypeBoolean:
		return pythonBool(v), nil
	}
	return v, nil
}

func finite(f float64) bool { return f-f == 0 }

func (in *Input) limited() bool { return in.Min != nil || in.Max != nil }

// breach is a value outside the limits of its input.
type breach struct {
	small bool
	limit any
}

// outside tests the declared limits, both inclusive, and then what the field can hold. It returns nil for a value that fits.
func (in *Input) outside(v any) *breach {
	if in.Min != nil && compareNumbers(v, in.Min) < 0 {
		return &breach{true, in.Min}
	}
	if in.Max != nil && compareNumbers(v, in.Max) > 0 {
		return &breach{false, in.Max}
	}
	low, high := in.holds()
	if low != nil && compareNumbers(v, low) < 0 {
		return &breach{true, low}
	}
	if high != nil && compareNumbers(v, high) > 0 {
		return &breach{false, high}
	}
	return nil
}

// holds is the range of the Go field of an INT input; Python's integers have none.
func (in *Input) holds() (low, high any) {
	if in.Type != TypeInt {
		return nil, nil
	}
	switch in.goType.Kind() {
	case reflect.Uint64:
		return int64(0), uint64(math.MaxUint64)
	case reflect.Int32:
		return int64(math.MinInt32), int64(math.MaxInt32)
	case reflect.Int, reflect.Int64:
		return int64(math.MinInt64), int64(math.MaxInt64)
	}
	return nil, nil
}

// kind and message are ComfyUI's; numbers print as Python prints them.
func (b *breach) kind() string {
	if b.small {
		return "value_smaller_than_min"
	}
	return "value_bigger_than_max"
}

func (b *breach) message(in *Input, v any) string {
	if b.small {
		return fmt.Sprintf("Value %s smaller than min of %s", in.numberText(v), pythonStr(b.limit))
	}
	return fmt.Sprintf("Value %s bigger than max of %s", in.numberText(v), pythonStr(b.limit))
}

// numberText prints a whole number that did not fit 64 bits without an exponent, as Python does.
func (in *Input) numberText(v any) string {
	if f, ok := v.(float64); ok && in.Type == TypeInt {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return pythonStr(v)
}
