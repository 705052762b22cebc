package weights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// LoRA is a file of low-rank changes to the weights of a model. It is told what each change belongs to by the names in
// the file: those of kohya's scripts, of LyCORIS (locon), of diffusers and of PEFT.
type LoRA struct {
	file *File
}

// LowRank is one change: W' = W + strength · Alpha/Rank · Up·Down, where Up and Down are matrices when all axes but the
// first are taken as one.
type LowRank struct {
	Down *tensor.Tensor // [rank,in] or, for convolutions, [rank,in,kh,kw]: the axes of the weight, whatever the file has
	Up   *tensor.Tensor // [out,rank] or [out,rank,1,1]
	Mid  *tensor.Tensor // nil, or the core [rank,rank,kh,kw] of a Tucker decomposition, with Down [rank,in,1,1]
	// Alpha is what the file says; Rank when it says nothing.
	Alpha float32
	Rank  int
}

// Scale is Alpha/Rank.
func (l LowRank) Scale() float32 { return l.Alpha / float32(l.Rank) }

// Unmatched is a module of a LoRA that could not be applied.
type Unmatched struct {
	Module string // its name in the file, without the suffix
	Format string // of a change that is no low-rank pair, such as "DoRA"; "" where the module just names no weight
	Reason string
}

// OpenLoRA reads the header of a LoRA file.
func OpenLoRA(path string) (*LoRA, error) {
	return opened(path, func(f *File) (*LoRA, error) {
		l := &LoRA{f}
		for _, name := range f.Names() {
			if _, suffix := splitLoRA(name); suffix != "" {
				return l, nil
			}
		}
		return nil, fmt.Errorf("no LoRA in it; %s: %w", describeFile(f.All()), ErrFormat)
	})
}

// File is the file the LoRA is read from.
func (l *LoRA) File() *File { return l.file }

// UNet finds the changes for a UNet: by name of the weight in set, which has latent diffusion names.
func (l *LoRA) UNet(set *Set) (map[string]LowRank, error) { return l.read(unetLoRANames(set), set) }

// Text finds the changes for the CLIP-L or OpenCLIP-H text encoder: by name of the weight in set, which has Hugging
// Face names.
func (l *LoRA) Text(set *Set) (map[string]LowRank, error) { return l.read(textLoRANames(set), set) }

// TextG is Text for the OpenCLIP-G encoder of SDXL.
func (l *LoRA) TextG(set *Set) (map[string]LowRank, error) { return l.read(textGLoRANames(set), set) }

// Unmatched lists the modules that none of UNet, Text and TextG applies to these sets, sorted; a nil set is a part that
// the model lacks.
func (l *LoRA) Unmatched(unet, text, textG *Set) []Unmatched {
	type part struct {
		names map[string]string
		set   *Set
	}
	parts := []part{{unetLoRANames(unet), unet}, {textLoRANames(text), text}, {textGLoRANames(textG), textG}}
	var list []Unmatched
	for _, m := range l.modules() {
		reason := "it names no weight of the model"
		for _, p := range parts {
			if target, ok := p.names[m.name]; ok {
				_, reason = l.lowRank(m, p.set, target)
				break
			}
		}
		if m.format != "" {
			reason = m.format + " is not supported"
		}
		if reason != "" {
			list = append(list, Unmatched{m.name, m.format, reason})
		}
	}
	return list
}

// read converts the changes whose module is in names, which maps to weights of set.
func (l *LoRA) read(names map[string]string, set *Set) (map[string]LowRank, error) {
	found := map[string]LowRank{}
	for _, m := range l.modules() {
		target, ok := names[m.name]
		if !ok || m.format != "" {
			continue
		}
		refs, reason := l.lowRank(m, set, target)
		if reason != "" {
			continue
		}
		weight, _ := set.Ref(target) // there, as lowRank has looked
		change, err := refs.load(weight.Shape)
		if err != nil {
			return nil, fmt.Errorf("%s: module %s: %w", l.file.path, m.name, err)
		}
		found[target] = change
	}
	return found, nil
}

// module is the tensors of one module of a LoRA file.
type module struct {
	name    string
	format  string            // the name of a format that is not a low-rank pair, else ""
	tensors map[string]string // suffix to tensor name
}

// modules groups the tensors of the file by module, sorted by name.
func (l *LoRA) modules() []*module {
	byName := map[string]*module{}
	for _, tensor := range l.file.Names() {
		name, suffix := splitLoRA(tensor)
		m := byName[name]
		if m == nil {
			m = &module{name: name, tensors: map[string]string{}}
			byName[name] = m
		}
		m.tensors[suffix] = tensor
		if format := otherFormats[suffix]; format != "" {
			m.format = format
		}
	}
	list := make([]*module, 0, len(byName))
	for _, m := range byName {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b *module) int { return strings.Compare(a.name, b.name) })
	return list
}

// lowRankRefs is a LowRank before its tensors are read.
type lowRankRefs struct {
	down, up Ref
	mid      *Ref
	alpha    *Ref
}

// lowRank finds the tensors of a module and checks that they fit the weight; otherwise it says why they don't.
func (l *LoRA) lowRank(m *module, set *Set, target string) (r lowRankRefs, reason string) {
	all := func(suffix string) (Ref, bool) {
		t, ok := l.file.Info(m.tensors[suffix])
		return Ref{l.file, t.DType, t.Shape, t.Offset, t.Bytes}, ok
	}
	found := false
	for _, pair := range pairSuffixes {
		var up, down bool
		r.up, up = all(pair.up)
		r.down, down = all(pair.down)
		if found = up && down; found {
			break
		}
	}
	if !found {
		return r, "it has no pair of lora_up and lora_down"
	}
	if mid, ok := all(".lora_mid.weight"); ok {
		r.mid = &mid
	}
	if alpha, ok := all(".alpha"); ok {
		r.alpha = &alpha
	}
	weight, ok := set.Ref(target)
	if !ok {
		return r, "the model has no weight " + target
	}
	if !r.fits(weight.Shape) {
		return r, fmt.Sprintf("up %v and down %v do not fit the weight %v", r.up.Shape, r.down.Shape, weight.Shape)
	}
	return r, ""
}

// fits reports whether the product has as many rows and columns as the weight.
func (r lowRankRefs) fits(weight []int64) bool {
	up, down := r.up.Shape, r.down.Shape
	if len(up) < 2 || len(down) < 2 || len(weight) < 2 || down[0] < 1 || values(up[1:]) != down[0] {
		return false
	}
	if r.alpha != nil && values(r.alpha.Shape) != 1 {
		return false
	}
	columns := values(down[1:])
	if r.mid != nil {
		mid := r.mid.Shape
		if len(mid) != 4 || len(weight) != 4 || mid[0] != down[0] || mid[1] != down[0] {
			return false
		}
		columns *= mid[2] * mid[3]
	}
	return up[0] == weight[0] && columns == values(weight[1:])
}

// load reads the tensors. A matrix that is stored as a 1x1 convolution, or the reverse, takes the axes of the weight.
func (r lowRankRefs) load(weight []int64) (c LowRank, err error) {
	read := func(ref Ref) *tensor.Tensor {
		t, e := ref.Float32()
		if err == nil {
			err = e
		}
		return t
	}
	c = LowRank{Down: read(r.down), Up: read(r.up), Rank: int(r.down.Shape[0])}
	c.Alpha = float32(c.Rank)
	if r.mid != nil {
		c.Mid = read(*r.mid)
	}
	if r.alpha != nil {
		if alpha := read(*r.alpha); err == nil {
			c.Alpha = alpha.Data[0]
		}
	}
	if err == nil && c.Mid == nil {
		shape := []int{c.Rank}
		for _, n := range weight[1:] {
			shape = append(shape, int(n))
		}
		c.Down, err = c.Down.Reshape(shape...)
	}
	return c, err
}

// values is the number of values of a shape that was checked when its header was read.
func values(shape []int64) int64 {
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	return n
}
