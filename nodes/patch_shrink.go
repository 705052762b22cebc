package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
)

// PatchModelAddDownscale works on a smaller picture inside the network at first.
type PatchModelAddDownscale struct {
	_ graph.Meta `category:"model_patches/unet" title:"PatchModelAddDownscale (Kohya Deep Shrink)" module:"comfy_extras.nodes_model_downscale" v3:"true"`

	Model              runtime.Model
	BlockNumber        int     `default:"3" min:"1" max:"32" step:"1"`
	DownscaleFactor    float64 `default:"2.0" min:"0.1" max:"9.0" step:"0.001"`
	StartPercent       float64 `default:"0.0" min:"0.0" max:"1.0" step:"0.001"`
	EndPercent         float64 `default:"0.35" min:"0.0" max:"1.0" step:"0.001"`
	DownscaleAfterSkip bool    `default:"true"`
	DownscaleMethod    string  `enum:"bicubic|nearest-exact|bilinear|area|bislerp"`
	UpscaleMethod      string  `enum:"bicubic|nearest-exact|bilinear|area|bislerp"`
}

// Run says which blocks the model has when it lacks the one asked for.
func (n PatchModelAddDownscale) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithDeepShrink(runtime.DeepShrink{
		Block: n.BlockNumber, Factor: n.DownscaleFactor, During: runtime.Range{Start: n.StartPercent, End: n.EndPercent},
		AfterSkip: n.DownscaleAfterSkip, Down: imaging.Method(n.DownscaleMethod), Up: imaging.Method(n.UpscaleMethod),
	})
}
