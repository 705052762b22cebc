package imaging

import (
	"math"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// bislerp resizes one axis after the other, mixing neighbours along the arc between them instead of the chord: the
// direction of the channel vector spherically, its length linearly. Latents keep their contrast that way.
func bislerp(x *tensor.Tensor, height, width int) (*tensor.Tensor, error) {
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]

	cols := slerpTaps(w, width)
	mid := tensor.New(n, c, h, width)
	parallel.Ranges(n*h, width*c*8, func(from, to int) {
		a, b := make([]float32, c), make([]float32, c)
		for r := from; r < to; r++ {
			src, dst := (r/h*c*h+r%h)*w, (r/h*c*h+r%h)*width
			for i, t := range cols {
				for k := range c {
					a[k], b[k] = x.Data[src+k*h*w+t.lo], x.Data[src+k*h*w+t.hi]
				}
				slerp(a, b, t.ratio)
				for k := range c {
					mid.Data[dst+k*h*width+i] = a[k]
				}
			}
		}
	})

	rows := slerpTaps(h, height)
	out := tensor.New(n, c, height, width)
	parallel.Ranges(n*height, width*c*8, func(from, to int) {
		a, b := make([]float32, c), make([]float32, c)
		for r := from; r < to; r++ {
			item, t := r/height, rows[r%height]
			for i := range width {
				for k := range c {
					plane := mid.Data[(item*c+k)*h*width:]
					a[k], b[k] = plane[t.lo*width+i], plane[t.hi*width+i]
				}
				slerp(a, b, t.ratio)
				for k := range c {
					out.Data[((item*c+k)*height+r%height)*width+i] = a[k]
				}
			}
		}
	})
	return out, nil
}

// slerpTap mixes source cells lo and hi by ratio (0 is all lo).
type slerpTap struct {
	lo, hi int
	ratio  float32
}

// slerpTaps interpolates the coordinates themselves, so the mix is that of "bilinear".
func slerpTaps(in, out int) []slerpTap {
	list := make([]slerpTap, out)
	for i := range list {
		p := min(max(0, sourcePosition(i, in, out)), float32(in-1))
		lo := int(p)
		list[i] = slerpTap{lo: lo, hi: min(lo+1, in-1), ratio: p - float32(lo)}
	}
	return list
}

// slerp puts the mix of a and b into a. Vectors that nearly agree give a, opposite ones the straight mix.
func slerp(a, b []float32, ratio float32) {
	const parallelTo = 1e-5
	lenA, lenB := norm(a), norm(b)
	var dot float32
	if lenA > 0 && lenB > 0 {
		for k := range a {
			dot += (a[k] / lenA) * (b[k] / lenB)
		}
	}
	switch {
	case dot > 1-parallelTo:
	case dot < parallelTo-1:
		for k := range a {
			a[k] = a[k]*(1-ratio) + b[k]*ratio
		}
	default:
		angle := math.Acos(float64(dot))
		sin := math.Sin(angle)
		length := lenA*(1-ratio) + lenB*ratio
		wa := float32(math.Sin(float64(1-ratio)*angle)/sin) * length
		wb := float32(math.Sin(float64(ratio)*angle)/sin) * length
		for k := range a {
			var u, v float32
			if lenA > 0 {
				u = a[k] / lenA
			}
			if lenB > 0 {
				v = b[k] / lenB
			}
			a[k] = wa*u + wb*v
		}
	}
}

// norm is the Euclidean length of v.
func norm(v []float32) float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return float32(math.Sqrt(sum))
}
