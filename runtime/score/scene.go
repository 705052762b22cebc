package score

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// scenes and times are the classes of the scene classifier, in the order of its outputs.
var (
	scenes = []string{"forest", "beach", "city", "desert", "snow", "moon", "room", "castle"}
	times  = []string{"day", "night", "sunset"}
)

// SceneReader is the classifier of scene and time of the tiny world: one hidden layer over the colours of all cells.
type SceneReader struct {
	w1, b1, w2, b2 *tensor.Tensor // [N,768], [N], [11,N], [11]
}

// OpenSceneReader reads the classifier from a safetensors file with w1, b1, w2 and b2.
func OpenSceneReader(path string) (*SceneReader, error) {
	file, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var r SceneReader
	for name, dst := range map[string]**tensor.Tensor{"w1": &r.w1, "b1": &r.b1, "w2": &r.w2, "b2": &r.b2} {
		if *dst, err = file.Float32(name); err != nil {
			return nil, fmt.Errorf("scene classifier %s: %w", path, err)
		}
	}
	hidden := r.b1.Len()
	if !slices.Equal(r.w1.Shape, []int{hidden, grid * grid * 3}) || !slices.Equal(r.w2.Shape, []int{r.b2.Len(), hidden}) ||
		r.b2.Len() < len(scenes)+len(times) {
		return nil, fmt.Errorf("scene classifier %s: w1 %v, b1 %v, w2 %v, b2 %v; want [N,%d], [N], [%d,N], [%d]: %w", path,
			r.w1.Shape, r.b1.Shape, r.w2.Shape, r.b2.Shape, grid*grid*3, len(scenes)+len(times), len(scenes)+len(times), tensor.ErrShape)
	}
	return &r, nil
}

// Read names the scene and the time of day.
func (r *SceneReader) Read(cells *Cells) (scene, time string) {
	x := make([]float32, 0, grid*grid*3)
	for _, c := range cells {
		for _, v := range c {
			x = append(x, float32(v/127.5-1))
		}
	}
	hidden := linear(r.w1, r.b1, x)
	for i, v := range hidden {
		hidden[i] = max(v, 0)
	}
	out := linear(r.w2, r.b2, hidden)
	return scenes[largest(out[:len(scenes)])], times[largest(out[len(scenes):][:len(times)])]
}

func linear(w, b *tensor.Tensor, x []float32) []float32 {
	out := make([]float32, b.Len())
	for i := range out {
		sum := float64(b.Data[i])
		for k, v := range w.Data[i*len(x):][:len(x)] {
			sum += float64(v) * float64(x[k])
		}
		out[i] = float32(sum)
	}
	return out
}

func largest(values []float32) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}
