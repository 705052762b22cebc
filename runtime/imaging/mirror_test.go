package imaging

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestMirrorTo holds one row against what PyTorch's pad makes of it, "reflect" as far as that goes and "replicate" beyond.
func TestMirrorTo(t *testing.T) {
	tests := map[string]struct {
		row  []float32
		side int
		want []float32
	}{
		"as large":     {[]float32{1, 2, 3}, 3, []float32{1, 2, 3}},
		"larger":       {[]float32{1, 2, 3}, 2, []float32{1, 2, 3}},
		"one more":     {[]float32{1, 2, 3}, 4, []float32{1, 2, 3, 2}},
		"all of it":    {[]float32{1, 2, 3}, 5, []float32{1, 2, 3, 2, 1}},
		"more than it": {[]float32{1, 2, 3}, 7, []float32{1, 2, 3, 2, 1, 1, 1}},
		"one pixel":    {[]float32{4}, 3, []float32{4, 4, 4}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x, err := tensor.From(tt.row, 1, 1, 1, len(tt.row))
			if err != nil {
				t.Fatal(err)
			}
			if got := MirrorTo(x, 1, tt.side); !slices.Equal(got.Data, tt.want) {
				t.Errorf("columns %v, want %v", got.Data, tt.want)
			}
			x.Shape = []int{1, 1, len(tt.row), 1}
			if got := MirrorTo(x, tt.side, 1); !slices.Equal(got.Data, tt.want) {
				t.Errorf("rows %v, want %v", got.Data, tt.want)
			}
		})
	}
}
