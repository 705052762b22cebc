package actor

import (
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/autodiff"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/weights"
)

// gradientForm is how gradients are written for the device at hand.
type gradientForm struct {
	options autodiff.Options
	scaled  bool // for half precision: gradients are as many times too large as scaleInput says
}

// gpuBlock bounds the probabilities of attention on a GPU: those of five pictures of 512x512 pixels are 2.7 GB, 1.3 in half precision.
const gpuBlock = 3 << 30

// gradientFormFor lets a backward pass recompute where activations would not fit beside the weights of a frozen network, which take their
// size twice: once for each direction.
func gradientFormFor(rt *runtime.Runtime, set *weights.Set) gradientForm {
	var f gradientForm
	available, width := ort.AvailableMemory(), int64(4)
	if unused, ok := rt.GPU(); ok {
		available, width = unused, 2
		f = gradientForm{autodiff.Options{Block: gpuBlock, Align: 8}, true}
	}
	if available == 0 {
		return f
	}
	for _, name := range set.Names() {
		r, _ := set.Ref(name)
		bytes := 2 * width
		for _, d := range r.Shape {
			bytes *= d
		}
		available -= bytes
	}
	f.options.Room = max(available*4/width, 1) // it counts values of four bytes
	if f.options.Block > 0 {
		f.options.Block = max(min(f.options.Block, f.options.Room/4), 1<<26)
	}
	return f
}

// add declares the gradient of the loss with respect to each of wrt as an output of that name.
func (f gradientForm) add(b *onnx.Builder, loss *onnx.Value, wrt []*onnx.Value, names []string) {
	if f.scaled {
		loss = b.Mul(loss, b.Input(scaleInput, onnx.Float32, 1))
	}
	for i, g := range autodiff.Gradients(b, loss, wrt, f.options) {
		b.Output(names[i], g)
	}
}
