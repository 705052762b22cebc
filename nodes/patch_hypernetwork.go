package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

// HypernetworkLoader adds a hypernetwork to a model.
type HypernetworkLoader struct {
	_ graph.Meta `category:"loaders" module:"comfy_extras.nodes_hypernetwork"`

	Model            runtime.Model
	HypernetworkName string  `choices:"hypernetworks"`
	Strength         float64 `default:"1.0" min:"-10.0" max:"10.0" step:"0.01"`
}

// Run refuses one that was made for models of other widths.
func (n HypernetworkLoader) Run(ctx context.Context) (runtime.Model, error) {
	return runtime.FromContext(ctx).ApplyHypernetwork(n.Model, n.HypernetworkName, n.Strength)
}
