package imaging

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Method is a way to resize planes; the values are the wire names.
type Method string

// The methods. Latents offer all but Lanczos, which works on 8-bit pictures; pictures offer all but Bislerp.
const (
	NearestExact Method = "nearest-exact"
	Bilinear     Method = "bilinear"
	Area         Method = "area"
	Bicubic      Method = "bicubic"
	Lanczos      Method = "lanczos"
	Bislerp      Method = "bislerp"
)

// Crop says what happens to a picture of another aspect than the target; the values are the wire names.
type Crop string

const (
	// CropDisabled stretches.
	CropDisabled Crop = "disabled"
	// CropCenter cuts both sides of the longer axis first, so that the aspect is kept.
	CropCenter Crop = "center"
)

// MaxSide is the largest width or height a resize makes, far above any picture the models can use.
const MaxSide = 1 << 16

// ErrMethod is wrapped by the error about an unknown method or crop.
var ErrMethod = errors.New("unknown resize method")

// resizers has one row per method: planes [N,C,H,W] to [N,C,height,width], sizes checked and different from H and W.
var resizers = map[Method]func(x *tensor.Tensor, height, width int) (*tensor.Tensor, error){
	NearestExact: separable(axisTaps[NearestExact]),
	Bilinear:     separable(axisTaps[Bilinear]),
	Bicubic:      separable(axisTaps[Bicubic]),
	Area:         area,
	Lanczos:      lanczos,
	Bislerp:      bislerp,
}

// Resize stretches planes [N,C,H,W] to [N,C,height,width]. The error wraps ErrMethod or tensor.ErrShape.
func Resize(x *tensor.Tensor, height, width int, m Method) (*tensor.Tensor, error) {
	resize, ok := resizers[m]
	if !ok {
		known := slices.Sorted(maps.Keys(resizers))
		return nil, fmt.Errorf("%w %q; use one of %s", ErrMethod, m, joinMethods(known))
	}
	if err := checkResize(x, height, width); err != nil {
		return nil, err
	}
	// Lanczos rounds to 8 bits even where nothing is stretched, as a trip through Pillow does.
	if x.Shape[2] == height && x.Shape[3] == width && m != Lanczos {
		return x.Clone(), nil
	}
	return resize(x, height, width)
}

// checkResize wants planes and a size that fits into memory.
func checkResize(x *tensor.Tensor, height, width int) error {
	n, c, h, w, err := planeShape("resize", x)
	if err != nil {
		return err
	}
	if height < 1 || width < 1 || height > MaxSide || width > MaxSide {
		return fmt.Errorf("resize %dx%d to %dx%d: sides must be 1 to %d: %w", w, h, width, height, MaxSide, tensor.ErrShape)
	}
	return CheckSize("resize", n, c, height, width)
}

// ResizeCrop resizes as Resize does, after the cut that crop asks for.
func ResizeCrop(x *tensor.Tensor, height, width int, m Method, crop Crop) (*tensor.Tensor, error) {
	switch crop {
	case CropDisabled:
	case CropCenter:
		var err error
		if x, err = cropToAspect(x, height, width); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%w: crop %q; use %s or %s", ErrMethod, crop, CropDisabled, CropCenter)
	}
	return Resize(x, height, width, m)
}

// cropToAspect cuts the longer axis on both sides to the aspect width:height; the cut is rounded half to even.
func cropToAspect(x *tensor.Tensor, height, width int) (*tensor.Tensor, error) {
	_, _, h, w, err := planeShape("centre crop", x)
	if err != nil {
		return nil, err
	}
	if height < 1 || width < 1 {
		return nil, fmt.Errorf("centre crop to %dx%d: sides must be 1 or more: %w", width, height, tensor.ErrShape)
	}
	have, want := float64(w)/float64(h), float64(width)/float64(height)
	var left, top int
	switch {
	case have > want:
		left = int(math.RoundToEven((float64(w) - float64(w)*(want/have)) / 2))
	case have < want:
		top = int(math.RoundToEven((float64(h) - float64(h)*(have/want)) / 2))
	}
	if h-2*top < 1 || w-2*left < 1 {
		return nil, fmt.Errorf("centre crop of %dx%d to the aspect of %dx%d leaves nothing: %w", w, h, width, height, tensor.ErrShape)
	}
	return Window(x, top, left, h-2*top, w-2*left)
}

// Window cuts [N,C,height,width] out of planes; the window must lie inside.
func Window(x *tensor.Tensor, top, left, height, width int) (*tensor.Tensor, error) {
	n, c, h, w, err := planeShape("crop", x)
	if err != nil {
		return nil, err
	}
	if top < 0 || left < 0 || height < 1 || width < 1 || top+height > h || left+width > w {
		return nil, fmt.Errorf("crop %dx%d at (%d,%d) does not lie inside %dx%d: %w", width, height, left, top, w, h, tensor.ErrShape)
	}
	out := tensor.New(n, c, height, width)
	for p := range n * c {
		for y := range height {
			copy(out.Data[(p*height+y)*width:][:width], x.Data[(p*h+top+y)*w+left:])
		}
	}
	return out, nil
}

func joinMethods(list []Method) string {
	words := make([]string, len(list))
	for i, m := range list {
		words[i] = string(m)
	}
	return strings.Join(words, ", ")
}
