package imaging

import (
	"image"
	"math"
	"strconv"
)

// frame is the area of a plot with its scales: data to pixels.
type frame struct {
	box                    image.Rectangle
	minX, maxX, minY, maxY float64
}

func (f frame) point(x, y float64) Point {
	return Point{
		float64(f.box.Min.X) + (x-f.minX)/(f.maxX-f.minX)*float64(f.box.Dx()),
		float64(f.box.Max.Y) - (y-f.minY)/(f.maxY-f.minY)*float64(f.box.Dy()),
	}
}

// ticks are round numbers (1, 2 or 5 times a power of ten apart) inside a range, about count of them.
func ticks(low, high float64, count int) []float64 {
	span := high - low
	if !(span > 0) || math.IsInf(span, 0) || count < 1 {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10(span/float64(count))))
	for _, k := range []float64{1, 2, 5, 10} {
		if step*k*float64(count) >= span {
			step *= k
			break
		}
	}
	var out []float64
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
		out = append(out, i*step+0) // no -0
	}
	return out
}

// tickLabel writes a tick as people do: no more digits than the step needs.
func tickLabel(v float64) string {
	if math.Abs(v) < 1e-12 {
		return "0"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// finite keeps what can be drawn.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
