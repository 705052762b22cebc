package graph

import (
	"cmp"
	"math"
)

// compareNumbers orders int64, uint64 and float64 by value without rounding; other values count as equal.
func compareNumbers(a, b any) int {
	switch a := a.(type) {
	case int64:
		switch b := b.(type) {
		case int64:
			return cmp.Compare(a, b)
		case uint64:
			return -1 // it is above 2^63-1
		case float64:
			return -compareFloat(b, a < 0, absolute(a))
		}
	case uint64:
		switch b := b.(type) {
		case int64:
			return 1
		case uint64:
			return cmp.Compare(a, b)
		case float64:
			return -compareFloat(b, false, a)
		}
	case float64:
		switch b := b.(type) {
		case int64:
			return compareFloat(a, b < 0, absolute(b))
		case uint64:
			return compareFloat(a, false, b)
		case float64:
			return cmp.Compare(a, b)
		}
	}
	return 0
}

func absolute(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// compareFloat compares f with a whole number given as sign and size.
func compareFloat(f float64, negative bool, size uint64) int {
	switch {
	case f < 0 && !negative:
		return -1
	case f >= 0 && negative:
		return 1
	case negative:
		return -compareFloat(-f, false, size)
	case f >= 1<<64:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(uint64(whole), size); c != 0 {
		return c
	}
	return cmp.Compare(f, whole)
}
