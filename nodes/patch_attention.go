package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

// HyperTile has self-attention work in tiles.
type HyperTile struct {
	_ graph.Meta `category:"model_patches/unet" title:"-" module:"comfy_extras.nodes_hypertile" v3:"true"`

	Model      runtime.Model
	TileSize   int  `default:"256" min:"1" max:"2048"`
	SwapSize   int  `default:"2" min:"1" max:"128"`
	MaxDepth   int  `default:"0" min:"0" max:"10"`
	ScaleDepth bool `default:"false"`
}

// Run draws the tiles while sampling.
func (n HyperTile) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithHyperTile(runtime.HyperTile{TileSize: n.TileSize, SwapSize: n.SwapSize, MaxDepth: n.MaxDepth, ScaleDepth: n.ScaleDepth})
}

// TomePatchModel has similar tokens ask self-attention as one.
type TomePatchModel struct {
	_ graph.Meta `category:"model_patches/unet" title:"-" module:"comfy_extras.nodes_tomesd" v3:"true"`

	Model runtime.Model
	Ratio float64 `default:"0.3" min:"0.0" max:"1.0" step:"0.01"`
}

// Run merges that part of the tokens.
func (n TomePatchModel) Run(context.Context) (runtime.Model, error) {
	return n.Model.WithTokenMerging(n.Ratio)
}
