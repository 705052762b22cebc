package runtime

import (
	"context"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/weights"
)

// HintKind is what a hint picture shows, as a ControlNet union is told.
type HintKind string

// hintKinds are the kinds in the order of the unions' own numbers.
var hintKinds = []string{"openpose", "depth", "hed/pidi/scribble/ted", "canny/lineart/anime_lineart/mlsd", "normal", "segment", "tile", "repaint"}

// HintAuto leaves it to the union.
const HintAuto HintKind = "auto"

// Choices lists the kinds.
func (HintKind) Choices() []string { return append([]string{string(HintAuto)}, hintKinds...) }

// WithHintKind tells a ControlNet union what its hints show; other nets stay as they are. A kind that the file does not know is an error.
func (n ControlNet) WithHintKind(kind HintKind) (ControlNet, error) {
	if n.file == nil || n.file.Kind != weights.UnionControl {
		return n, nil
	}
	n.kind = slices.Index(hintKinds, string(kind)) // -1 for auto
	config, err := model.ReadControlNet(n.file.Set)
	if err == nil && n.kind >= config.Types {
		err = fmt.Errorf("ControlNet %s knows %d kinds of hints (%v), and %s is not one of them: choose another, or auto",
			n.name, config.Types, hintKinds[:config.Types], kind)
	}
	return n, err
}

// WithControlText gives the ControlNets of every entry a text of their own to read instead of the prompt.
func (rt *Runtime) WithControlText(ctx context.Context, c Conditioning, clip CLIP, text string) (Conditioning, error) {
	own, err := rt.EncodeText(ctx, clip, text)
	if err != nil {
		return nil, err
	}
	return c.each(func(e *Cond) { e.ControlText = own[0].Embedding }), nil
}
