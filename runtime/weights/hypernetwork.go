package weights

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Hypernetwork is small networks that change what cross- and self-attention make keys and values of, by the width of the rows.
type Hypernetwork struct {
	Activation     string // one of HypernetworkActivations
	ActivateOutput bool   // behind the last layer too
	LayerNorm      bool   // behind every layer and its activation
	Nets           map[int]HypernetworkNets
}

// HypernetworkNets are the networks of one width.
type HypernetworkNets struct{ Key, Value []HypernetworkLayer }

// HypernetworkLayer is x·Weightᵀ + Bias, and with LayerNorm the scale and shift of a layer normalisation.
type HypernetworkLayer struct {
	Weight          *tensor.Tensor // [out,in]
	Bias            *tensor.Tensor // [out]
	NormScale, Norm *tensor.Tensor // [out] or nil
}

// HypernetworkActivations are the activations by the names that files have.
var HypernetworkActivations = []string{"linear", "relu", "leakyrelu", "elu", "swish", "tanh", "sigmoid", "softsign", "mish"}

// hypernetworkName is WIDTH.0.LAYER.weight for keys and WIDTH.1.LAYER.weight for values.
var hypernetworkName = regexp.MustCompile(`^(\d+)\.([01])\.(.+)\.(weight|bias)$`)

// OpenHypernetwork reads a hypernetwork as trainers of SD 1.x save it. Dropout, which is for training, is left out. The error wraps ErrFormat
// for files of another kind.
func OpenHypernetwork(path string) (*Hypernetwork, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := readHypernetwork(f)
	if err != nil {
		return nil, fmt.Errorf("%s: hypernetwork: %w", path, err)
	}
	return h, nil
}

func readHypernetwork(f *File) (*Hypernetwork, error) {
	meta := f.Metadata()
	h := &Hypernetwork{Activation: "linear", ActivateOutput: isTrue(meta["activate_output"]), LayerNorm: isTrue(meta["is_layer_norm"]), Nets: map[int]HypernetworkNets{}}
	if a := meta["activation_func"]; a != "" {
		h.Activation = a
	}
	if !slices.Contains(HypernetworkActivations, h.Activation) {
		return nil, fmt.Errorf("activation %q; the known ones are %s: %w", h.Activation, strings.Join(HypernetworkActivations, ", "), ErrFormat)
	}
	layers := map[[2]int][]string{} // names by width and half
	for _, name := range f.Names() {
		m := hypernetworkName.FindStringSubmatch(name)
		if m == nil || m[4] != "weight" {
			continue
		}
		width, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, ErrFormat)
		}
		half := [2]int{width, int(m[2][0] - '0')}
		layers[half] = append(layers[half], strings.TrimSuffix(name, ".weight"))
	}
	if len(layers) == 0 {
		return nil, fmt.Errorf("no tensors like 768.0.linear.0.weight: this is another kind of file: %w", ErrFormat)
	}
	for _, half := range slices.SortedFunc(maps.Keys(layers), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
		width := half[0]
		net, err := h.readNet(f, layers[half], width)
		if err != nil {
			return nil, err
		}
		nets := h.Nets[width]
		if half[1] == 0 {
			nets.Key = net
		} else {
			nets.Value = net
		}
		h.Nets[width] = nets
	}
	for width, nets := range h.Nets {
		if nets.Key == nil || nets.Value == nil {
			return nil, fmt.Errorf("width %d has a network for keys or values only; the file may be incomplete: %w", width, ErrFormat)
		}
	}
	return h, nil
}

// readNet reads the layers of those names, which lead from width to width.
func (h *Hypernetwork) readNet(f *File, names []string, width int) ([]HypernetworkLayer, error) {
	slices.SortFunc(names, byLayer)
	step := 1
	if h.LayerNorm {
		step = 2
	}
	if len(names)%step != 0 {
		return nil, fmt.Errorf("%s: a layer normalisation is wanted behind each linear layer: %w", names[0], ErrFormat)
	}
	var net []HypernetworkLayer
	at := width
	for i := 0; i < len(names); i += step {
		var l HypernetworkLayer
		var err error
		if l.Weight, err = f.shaped(names[i]+".weight", -1, at); err != nil {
			return nil, err
		}
		at = l.Weight.Dim(0)
		if l.Bias, err = f.shaped(names[i]+".bias", at); err != nil {
			return nil, err
		}
		if h.LayerNorm {
			if l.NormScale, err = f.shaped(names[i+1]+".weight", at); err != nil {
				return nil, err
			}
			if l.Norm, err = f.shaped(names[i+1]+".bias", at); err != nil {
				return nil, err
			}
		}
		net = append(net, l)
	}
	if at != width {
		return nil, fmt.Errorf("%s: the last layer gives %d values, wants %d: %w", names[len(names)-1], at, width, ErrFormat)
	}
	return net, nil
}

// shaped is a tensor as float32, which must have that shape; -1 is any size.
func (f *File) shaped(name string, shape ...int) (*tensor.Tensor, error) {
	t, err := f.Float32(name)
	if err != nil {
		return nil, err
	}
	fits := len(t.Shape) == len(shape)
	for i := 0; fits && i < len(shape); i++ {
		fits = shape[i] == -1 || t.Shape[i] == shape[i]
	}
	if !fits || t.Len() == 0 {
		return nil, fmt.Errorf("tensor %q has shape %v, wants %v: %w", name, t.Shape, shape, ErrFormat)
	}
	return t, nil
}

// byLayer orders names that differ in a number by it: linear.2 before linear.10.
func byLayer(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }

func isTrue(s string) bool { return s == "true" || s == "1" }
