package ojson

import (
	"math"
	"math/big"
)

// Clone returns a deep copy of a value; scalars are returned as they are.
func Clone(v any) any {
	switch v := v.(type) {
	case *Object:
		if v == nil {
			return nil
		}
		return v.Clone()
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = Clone(item)
		}
		return list
	}
	return v
}

// Equal says whether two values mean the same: numbers by value (1 equals 1.0), objects in any order of keys. A boolean equals
// no number, and NaN equals NaN, so that a copy always equals its original. To compare order and number form too, compare
// the text.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case *Object:
		b, ok := b.(*Object)
		return ok && a.Equal(b)
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case nil:
		return b == nil
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case string:
		b, ok := b.(string)
		return ok && a == b
	}
	return equalNumbers(a, b)
}

func equalNumbers(a, b any) bool {
	x, xIsFloat, ok := number(a)
	y, yIsFloat, ok2 := number(b)
	if !ok || !ok2 {
		return false
	}
	if xIsFloat && yIsFloat {
		fx, fy := a.(float64), b.(float64)
		return fx == fy || math.IsNaN(fx) && math.IsNaN(fy)
	}
	return x != nil && y != nil && x.Cmp(y) == 0
}

// number returns a number exactly; nil for a float that is not finite.
func number(v any) (exact *big.Float, isFloat, ok bool) {
	switch v := v.(type) {
	case int64:
		return new(big.Float).SetInt64(v), false, true
	case int:
		return new(big.Float).SetInt64(int64(v)), false, true
	case uint64:
		return new(big.Float).SetUint64(v), false, true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, true, true
		}
		return new(big.Float).SetFloat64(v), true, true
	}
	return nil, false, false
}
