package autodiff

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/onnx"
)

func TestEveryOperatorHasARow(t *testing.T) {
	for _, op := range onnx.Operators() {
		if _, ok := rules[op]; !ok {
			t.Errorf("operator %s has no row in rules; write its gradient, or list it as stop", op)
		}
	}
	for op := range rules {
		if !slices.Contains(onnx.Operators(), op) {
			t.Errorf("rules has a row for %s, which no builder writes", op)
		}
	}
}
