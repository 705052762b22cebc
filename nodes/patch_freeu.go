package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func networkPatchNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[FreeU](),
		graph.Declare[FreeUV2](),
		graph.Declare[HyperTile](),
		graph.Declare[TomePatchModel](),
		graph.Declare[HypernetworkLoader](),
		graph.Declare[PatchModelAddDownscale](),
	}
}

// FreeU strengthens what the decoder brings along and damps low frequencies of the skips.
type FreeU struct {
	_ graph.Meta `category:"model_patches/unet" module:"comfy_extras.nodes_freelunch"`

	Model runtime.Model
	B1    float64 `default:"1.1" min:"0.0" max:"10.0" step:"0.01"`
	B2    float64 `default:"1.2" min:"0.0" max:"10.0" step:"0.01"`
	S1    float64 `default:"0.9" min:"0.0" max:"10.0" step:"0.01"`
	S2    float64 `default:"0.2" min:"0.0" max:"10.0" step:"0.01"`
}

// Run multiplies by plain factors.
func (n FreeU) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithFreeU(false, n.B1, n.B2, n.S1, n.S2)
}

// FreeUV2 is FreeU with factors that follow the mean over the channels.
type FreeUV2 struct {
	_ graph.Meta `class:"FreeU_V2" category:"model_patches/unet" module:"comfy_extras.nodes_freelunch"`

	Model runtime.Model
	B1    float64 `default:"1.3" min:"0.0" max:"10.0" step:"0.01"`
	B2    float64 `default:"1.4" min:"0.0" max:"10.0" step:"0.01"`
	S1    float64 `default:"0.9" min:"0.0" max:"10.0" step:"0.01"`
	S2    float64 `default:"0.2" min:"0.0" max:"10.0" step:"0.01"`
}

// Run multiplies by factors of each place.
func (n FreeUV2) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithFreeU(true, n.B1, n.B2, n.S1, n.S2)
}
