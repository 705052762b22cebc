package weights

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// EncodeLoRA writes changes to a UNet as a file of kohya's kind, which every program reads: "lora_unet_MODULE.lora_down.weight", with
// the names that diffusers gives the modules. changes are by the names of the weights in set, which has latent diffusion names.
func EncodeLoRA(ctx context.Context, w io.Writer, metadata []Pair, set *Set, changes map[string]LowRank) error {
	names := map[string]string{}
	toDiffusers := ldmUNet(newCounter(set)).modules().inverse()
	var entries []Entry
	for _, weight := range slices.Sorted(maps.Keys(changes)) {
		module, ok := strings.CutSuffix(weight, ".weight")
		if !ok || !set.Has(weight) {
			return fmt.Errorf("save LoRA: the model has no weight %q", weight)
		}
		if diffusers, ok := toDiffusers.rename(module); ok {
			module = diffusers
		}
		name := "lora_unet_" + underscored(module)
		if other, taken := names[name]; taken {
			return fmt.Errorf("save LoRA: weights %q and %q have one name, %q", other, weight, name)
		}
		names[name] = weight
		c := changes[weight]
		if c.Mid != nil {
			return fmt.Errorf("save LoRA: %s is a Tucker decomposition: %w", weight, ErrFormat)
		}
		entries = append(entries, Float32Entry(name+".lora_down.weight", c.Down), Float32Entry(name+".lora_up.weight", upAs(c)),
			Float32Entry(name+".alpha", &tensor.Tensor{Data: []float32{c.Alpha}}))
	}
	return Encode(ctx, w, metadata, entries)
}

// upAs gives Up as many axes as Down has: [out,rank,1,1] for convolutions.
func upAs(c LowRank) *tensor.Tensor {
	shape := []int{c.Up.Dim(0), c.Rank}
	for len(shape) < len(c.Down.Shape) {
		shape = append(shape, 1)
	}
	return &tensor.Tensor{Shape: shape, Data: c.Up.Data}
}
