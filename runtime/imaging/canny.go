package imaging

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Canny finds edges in planes [N,1 or 3 or 4,H,W] with values 0…1 and gives [N,1,H,W] with 1 on edges, else 0.
// Grey by the luma weights, blurred (5 x 5, sigma 1, mirrored borders), Sobel gradients (borders repeated); of the gradient's
// magnitude only local maxima along its direction, rounded to 45 degrees, remain. Those above high are edges, and those above
// low that are connected to one (J. Canny 1986; parameters and rounding as in kornia).
func Canny(x *tensor.Tensor, low, high float64) (*tensor.Tensor, error) {
	n, c, h, w, err := planeShape("canny", x)
	if err != nil {
		return nil, err
	}
	const radius = 2
	if h <= radius || w <= radius {
		return nil, fmt.Errorf("canny: %dx%d is too small; both sides must be 3 or more: %w", w, h, tensor.ErrShape)
	}
	if low > high {
		return nil, fmt.Errorf("canny: low_threshold is %g and high_threshold %g; low must not be above high", low, high)
	}
	out := tensor.New(n, 1, h, w)
	for b := range n {
		grey := greyPlane(x.Data[b*c*h*w:(b+1)*c*h*w], c, h, w)
		magnitude, sector := gradient(mirrorBlur(grey, radius), h, w)
		peaks := suppress(magnitude, sector, h, w)
		trace(out.Data[b*h*w:(b+1)*h*w], peaks, h, w, float32(low), float32(high))
	}
	return out, nil
}

func greyPlane(planes []float32, c, h, w int) *tensor.Tensor {
	out := tensor.New(1, 1, h, w)
	if c < 3 {
		copy(out.Data, planes)
		return out
	}
	for p := range out.Data {
		out.Data[p] = float32(0.299*planes[p]) + float32(0.587*planes[h*w+p]) + float32(0.114*planes[2*h*w+p])
	}
	return out
}

// mirrorBlur is a Gaussian of sigma 1 cell. Its weights are rounded as kornia's: on straight edges magnitudes of neighbours agree
// to the last bit or not, and that decides which of them is the edge.
func mirrorBlur(x *tensor.Tensor, radius int) []float32 {
	weight := make([]float32, 2*radius+1)
	var sum float32
	for j := range weight {
		d := float64(j - radius)
		weight[j] = float32(math.Exp(-d * d / 2))
		sum += weight[j]
	}
	for j := range weight {
		weight[j] /= sum
	}
	y := resizeColumns(x, x.Shape[3], mirrorTaps(x.Shape[3], weight))
	return resizeRows(y, x.Shape[2], mirrorTaps(x.Shape[2], weight)).Data
}

// gradient gives the magnitude and the direction in eighths of a turn, 0 along the row, counted towards later rows.
func gradient(g []float32, h, w int) (magnitude []float32, sector []uint8) {
	magnitude, sector = make([]float32, h*w), make([]uint8, h*w)
	for y := range h {
		up, down := max(y-1, 0)*w, min(y+1, h-1)*w
		for x := range w {
			l, r := max(x-1, 0), min(x+1, w-1)
			// Row by row, as a convolution adds them up.
			gx := -g[up+l] + g[up+r] - 2*g[y*w+l] + 2*g[y*w+r] - g[down+l] + g[down+r]
			gy := -g[up+l] - 2*g[up+x] - g[up+r] + g[down+l] + 2*g[down+x] + g[down+r]
			magnitude[y*w+x] = float32(math.Sqrt(float64(float32(gx*gx) + float32(gy*gy) + 1e-6)))
			eighth := int(math.RoundToEven(math.Atan2(float64(gy), float64(gx)) * 4 / math.Pi))
			sector[y*w+x] = uint8(eighth & 7)
		}
	}
	return magnitude, sector
}

// neighbors are the cells around one, by direction.
var neighbors = [8][2]int{{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}}

// suppress keeps magnitudes that are larger than both neighbours along the direction; outside is 0.
func suppress(magnitude []float32, sector []uint8, h, w int) []float32 {
	at := func(x, y int) float32 {
		if x < 0 || y < 0 || x >= w || y >= h {
			return 0
		}
		return magnitude[y*w+x]
	}
	out := make([]float32, h*w)
	for i, m := range magnitude {
		d := neighbors[sector[i]]
		x, y := i%w, i/w
		if m > at(x+d[0], y+d[1]) && m > at(x-d[0], y-d[1]) {
			out[i] = m
		}
	}
	return out
}

// trace marks what lies above high and everything above low that is connected to it.
func trace(edges, magnitude []float32, h, w int, low, high float32) {
	var stack []int
	for i, m := range magnitude {
		if m > high {
			edges[i] = 1
			stack = append(stack, i)
		}
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, d := range neighbors {
			x, y := i%w+d[0], i/w+d[1]
			if x < 0 || y < 0 || x >= w || y >= h {
				continue
			}
			if k := y*w + x; edges[k] == 0 && magnitude[k] > low {
				edges[k] = 1
				stack = append(stack, k)
			}
		}
	}
}
