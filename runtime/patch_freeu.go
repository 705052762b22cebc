package runtime

import (
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
)

// freeU is a FreeU with its numbers b1, b2, s1, s2.
type freeU struct {
	unlearned
	v2     bool
	scales [4]float32
}

// WithFreeU amplifies by b1 and b2 what the output blocks of 4 and 2 times the first width bring along, and multiplies the lowest frequencies
// of the skips they read by s1 and s2 (Si et al. 2023). v2 amplifies by the mean over the channels.
func (m Model) WithFreeU(v2 bool, b1, b2, s1, s2 float64) (Model, error) {
	return m.withNetworkPatch(freeU{"FreeU", v2, [4]float32{float32(b1), float32(b2), float32(s1), float32(s2)}})
}

func (f freeU) edit(*patchedCall) (model.UNetEdit, map[string]ort.Value, error) {
	return model.FreeU{V2: f.v2}, map[string]ort.Value{"scales": ort.FromFloat32(f.scales[:], len(f.scales))}, nil
}
