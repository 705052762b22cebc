package runtime

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/weights"
)

// hypernetwork is a hypernetwork at a strength. Its weights are inputs of the graph, so that another file of the same layout or another
// strength compiles nothing.
type hypernetwork struct {
	net      *weights.Hypernetwork
	graph    model.Hypernetwork
	inputs   map[string]ort.Value
	strength float32
}

// ApplyHypernetwork adds a hypernetwork of models/hypernetworks to a model.
func (rt *Runtime) ApplyHypernetwork(m Model, name string, strength float64) (Model, error) {
	if err := m.checkWeights(); err != nil {
		return Model{}, err
	}
	path, err := rt.Folders.Find("hypernetworks", name)
	if err != nil {
		return Model{}, err
	}
	net, err := opened(&rt.files, "hypernetwork", path, weights.OpenHypernetwork, func(*weights.Hypernetwork) []*weights.File { return nil })
	if err != nil {
		return Model{}, err
	}
	wants, has := m.config.AttentionWidths, slices.Sorted(maps.Keys(net.Nets))
	if !slices.ContainsFunc(has, func(w int) bool { return slices.Contains(wants, w) }) {
		return Model{}, fmt.Errorf("hypernetwork %s is for rows of the widths %s and this model has the widths %s: it was made for another family of models",
			name, joinInts(has), joinInts(wants))
	}
	return m.withNetworkPatch(newHypernetwork(net, wants, float32(strength)))
}

// newHypernetwork takes those networks whose widths the model has.
func newHypernetwork(net *weights.Hypernetwork, widths []int, strength float32) hypernetwork {
	h := hypernetwork{net: net, strength: strength, inputs: map[string]ort.Value{"strength": ort.FromFloat32([]float32{strength}, 1)}}
	h.graph = model.Hypernetwork{Activation: net.Activation, ActivateOutput: net.ActivateOutput, LayerNorm: net.LayerNorm}
	for _, width := range widths {
		nets, ok := net.Nets[width]
		if !ok {
			continue
		}
		h.graph.Nets = append(h.graph.Nets, model.HypernetworkNets{
			Width: width, Key: h.add(fmt.Sprint(width, ".k."), nets.Key), Value: h.add(fmt.Sprint(width, ".v."), nets.Value),
		})
	}
	return h
}

// add makes inputs of the layers of a network and returns their sizes.
func (h hypernetwork) add(prefix string, layers []weights.HypernetworkLayer) []int {
	var sizes []int
	for i, l := range layers {
		at := fmt.Sprint(prefix, i)
		h.inputs[at+".weight"], h.inputs[at+".bias"] = ort.FromTensor(l.Weight), ort.FromTensor(l.Bias)
		if l.NormScale != nil {
			h.inputs[at+".norm.weight"], h.inputs[at+".norm.bias"] = ort.FromTensor(l.NormScale), ort.FromTensor(l.Norm)
		}
		sizes = append(sizes, l.Weight.Dim(0))
	}
	return sizes
}

func (h hypernetwork) edit(*patchedCall) (model.UNetEdit, map[string]ort.Value, error) {
	return h.graph, h.inputs, nil
}

// Bytes is the memory of the weights, which are no longer those of the file: it may hold them in half precision.
func (h hypernetwork) Bytes() int64 {
	var n int64
	h.each(func(l weights.HypernetworkLayer) {
		n += l.Weight.Bytes() + l.Bias.Bytes() + l.NormScale.Bytes() + l.Norm.Bytes()
	})
	return n
}

// learned changes with everything that the hypernetwork does.
func (h hypernetwork) learned() string {
	hash := sha256.New()
	fmt.Fprintln(hash, h.graph, h.strength)
	h.each(func(l weights.HypernetworkLayer) {
		_ = binary.Write(hash, binary.LittleEndian, l.Weight.Data) // a hash takes everything
		_ = binary.Write(hash, binary.LittleEndian, l.Bias.Data)
		if l.NormScale != nil {
			_ = binary.Write(hash, binary.LittleEndian, l.NormScale.Data)
			_ = binary.Write(hash, binary.LittleEndian, l.Norm.Data)
		}
	})
	return fmt.Sprintf("hypernetwork %x\n", hash.Sum(nil))
}

// each calls f for every layer in use.
func (h hypernetwork) each(f func(weights.HypernetworkLayer)) {
	for _, n := range h.graph.Nets {
		for _, l := range slices.Concat(h.net.Nets[n.Width].Key, h.net.Nets[n.Width].Value) {
			f(l)
		}
	}
}

func joinInts(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = fmt.Sprint(n)
	}
	return strings.Join(words, ", ")
}
