package model

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/weights"
)

// UpscalerConfig is what the shapes of an upscale model's weights say about it.
type UpscalerConfig struct {
	Kind     string // RRDB, Compact, SPAN, RealPLKSR
	Scale    int    // pixels made of one along one side; 1 for models that only restore
	Features int    // channels inside
	// Minimum and Multiple are what a side of the picture must be at least and divide by.
	Minimum, Multiple int
	// Large is how many values per pixel of the result the largest layer holds, to judge the memory.
	Large int

	shuffle int // side of the blocks of pixels that the network reads as channels, 1 for single pixels
	blocks  int
	ups     int
}

// upscalers has one row per network that runs.
var upscalers = map[string]struct {
	read  func(set *weights.Set) (UpscalerConfig, error)
	write func(n *net, image *onnx.Value, c UpscalerConfig) *onnx.Value
}{
	"RRDB":      {readRRDB, (*net).rrdb},
	"Compact":   {readCompact, (*net).compact},
	"SPAN":      {readSPAN, (*net).span},
	"RealPLKSR": {readRealPLKSR, (*net).realPLKSR},
}

// ReadUpscaler works out the structure of an upscale model (weights.OpenUpscaler). The error wraps ErrUnsupported, and names the network of
// a model that is known but does not run.
func ReadUpscaler(set *weights.Set) (UpscalerConfig, error) {
	kind := weights.UpscalerKind(set)
	u, ok := upscalers[kind]
	if !ok {
		if kind == "" {
			kind = "an unknown kind"
		}
		return UpscalerConfig{}, fmt.Errorf("upscale model: the network is %s; those that run are ESRGAN and Real-ESRGAN (RRDB), Real-ESRGAN compact, SPAN and RealPLKSR: %w",
			kind, ErrUnsupported)
	}
	c, err := u.read(set)
	if err != nil {
		return c, fmt.Errorf("upscale model (%s): %w", kind, err)
	}
	c.Kind = kind
	c.Minimum, c.Multiple = max(1, c.Minimum), max(1, c.Multiple)
	return c, nil
}

// Upscaler is the graph of an upscale model, from "image" [B,3,H,W], values 0…1, to "larger" [B,3,sH,sW], not clamped.
func Upscaler(set *weights.Set) (*onnx.Graph, error) {
	c, err := ReadUpscaler(set)
	if err != nil {
		return nil, err
	}
	b := onnx.NewBuilder("upscaler")
	image := b.Input("image", onnx.Float32, "batch", 3, "height", "width")
	n := newNet(b, set, Patches{})
	b.Output("larger", upscalers[c.Kind].write(n, image, c))
	return finish(b, "upscale model")
}

// pictureChannels checks that a network reads and makes pictures of three colours.
func pictureChannels(in, out int64) error {
	if in != 3 || out != 3 {
		return fmt.Errorf("it reads %d channels and makes %d; pictures have 3: %w", in, out, ErrUnsupported)
	}
	return nil
}

// shuffleScale is the scale of a network whose last convolution makes channels that become a square of pixels of three colours; 0 when the
// number does not fit.
func shuffleScale(channels int64) int {
	s := int(math.Round(math.Sqrt(float64(channels) / 3)))
	if int64(3*s*s) != channels {
		return 0
	}
	return s
}

// shuffled turns channels [B,C·s·s,H,W] into pixels [B,C,sH,sW].
func (n *net) shuffled(x *onnx.Value, s int) *onnx.Value {
	if s == 1 {
		return x
	}
	return n.Op("DepthToSpace", x, onnx.Int("blocksize", int64(s)), onnx.Str("mode", "CRD"))
}
