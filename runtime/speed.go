package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Speed is how many operations a second the device makes in a product of 1024x1024 float32 matrices, for estimates: the best of a few tries, a
// tenth of a second on a small machine. The first call may have to load onnxruntime.
func (rt *Runtime) Speed(ctx context.Context) (float64, error) {
	const n, tries = 1024, 4
	session, release, err := rt.sessions.acquire(ctx, GraphSpec{
		Key: "speed", Runs: tries, Work: n, AsWritten: true, Once: true,
		Build: func() (*onnx.Graph, error) {
			b := onnx.NewBuilder("speed")
			y := b.MatMul(b.Input("a", onnx.Float32, n, n), b.Input("b", onnx.Float32, n, n))
			b.Output("largest", b.Op("ReduceMax", y, b.Ints(0, 1), onnx.Int("keepdims", 1)))
			return b.Graph()
		},
	})
	if err != nil {
		return 0, fmt.Errorf("speed: %w", err)
	}
	defer release()
	inputs := map[string]ort.Value{"a": ort.FromTensor(tensor.Full(0.5, n, n)), "b": ort.FromTensor(tensor.Full(0.5, n, n))}
	var best float64
	for range tries {
		start := time.Now()
		if _, err := session.Run(ctx, inputs); err != nil {
			return 0, fmt.Errorf("speed: %w", err)
		}
		best = max(best, 2*n*n*n/time.Since(start).Seconds())
	}
	return best, nil
}
