package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// moduleReader turns the tensors of one module into changes.
type moduleReader struct {
	lora     *LoRA
	module   *module
	set      *Set
	target   string // the weight that the module names
	weight   []int64
	used     map[string]bool // suffixes
	problems []string
	err      error
}

// read makes the changes of a module, by weight, and says what of it does not fit. Of several kinds on one weight the last counts, in the
// order of ComfyUI (comfy/lora.py load_lora).
func (l *LoRA) read(m *module, set *Set, target string) (map[string]Change, []string, error) {
	r := &moduleReader{lora: l, module: m, set: set, target: target, used: map[string]bool{".alpha": true, ".dora_scale": true}}
	weight, ok := set.Ref(target)
	if !ok {
		return nil, []string{"the model has no weight " + target}, nil
	}
	r.weight = weight.Shape
	turned := target == openCLIPProjection && len(r.weight) == 2
	if turned { // files are about the weight of a linear layer
		r.weight = []int64{r.weight[1], r.weight[0]}
	}
	changes := map[string]Change{}
	for _, read := range []func() Change{r.pair, r.loha, r.lokr, r.glora, r.rotation} {
		if c := read(); c != nil {
			changes[target] = c
		}
	}
	r.differences(changes)
	if c := changes[target]; c != nil && turned {
		changes[target] = turnedOver{c}
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	for _, suffix := range slices.Sorted(maps.Keys(m.tensors)) {
		if !r.used[suffix] {
			r.problem("%s alone means nothing", suffix[1:])
		}
	}
	if len(changes) == 0 && len(r.problems) == 0 {
		r.problem("it has no pair of lora_up and lora_down and nothing in their place")
	}
	return changes, r.problems, nil
}

func (r *moduleReader) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// tensor finds a tensor of the module by its suffix.
func (r *moduleReader) tensor(suffix string) (Ref, bool) {
	name, ok := r.module.tensors[suffix]
	if !ok {
		return Ref{}, false
	}
	r.used[suffix] = true
	t, ok := r.lora.file.Info(name)
	return Ref{r.lora.file, t.DType, t.Shape, t.Offset, t.Bytes}, ok
}

// optional is nil where the module has no such tensor.
func (r *moduleReader) optional(suffix string) *Ref {
	if t, ok := r.tensor(suffix); ok {
		return &t
	}
	return nil
}

// tensors finds several that only mean something together: none or all of them, otherwise it says which are missing.
func (r *moduleReader) tensors(suffixes ...string) []Ref {
	var found []Ref
	var missing []string
	for _, s := range suffixes {
		if t, ok := r.tensor(s); ok {
			found = append(found, t)
		} else {
			missing = append(missing, s[1:])
		}
	}
	if len(found) == 0 {
		return nil
	}
	if len(missing) > 0 {
		r.problem("%s is missing", strings.Join(missing, ", "))
		return nil
	}
	return found
}

// alpha is what the file says about the scale; false where it says nothing.
func (r *moduleReader) alpha() (float32, bool) {
	t, ok := r.tensor(".alpha")
	if !ok {
		return 0, false
	}
	if values(t.Shape) != 1 {
		r.problem("alpha %v is no single number", t.Shape)
		return 0, false
	}
	v, err := t.Float32()
	if err != nil {
		r.err = err
		return 0, false
	}
	return v.Data[0], true
}

// scale is alpha/rank, 1 where the file says nothing.
func (r *moduleReader) scale(rank int64) float32 {
	if alpha, ok := r.alpha(); ok && rank > 0 {
		return alpha / float32(rank)
	}
	return 1
}

// lengths is the tensor that makes a change a DoRA, checked.
func (r *moduleReader) lengths() (dora *Ref, ok bool) {
	d, found := r.tensor(".dora_scale")
	if !found {
		return nil, true
	}
	n := values(d.Shape)
	if len(r.weight) < 2 || len(d.Shape) == 0 || d.Shape[0] == r.weight[0] && n != r.weight[0] || d.Shape[0] != r.weight[0] && n != r.weight[1] {
		r.problem("dora_scale %v does not fit the weight %v", d.Shape, r.weight)
		return nil, false
	}
	return &d, true
}

// change wraps a difference as a change with its lengths; nil when they do not fit.
func (r *moduleReader) change(kind string, do difference, factor float32, refs ...Ref) Change {
	dora, ok := r.lengths()
	if !ok || len(r.problems) > 0 || r.err != nil {
		return nil
	}
	if dora != nil {
		refs = append(refs, *dora)
	}
	return fileChange{kind: kind, do: do, refs: refs, factor: factor, dora: dora}
}

// pair reads a low-rank pair under the first spelling that the module has.
func (r *moduleReader) pair() Change {
	var up, down Ref
	var mid *Ref
	for _, p := range pairSuffixes {
		u, hasUp := r.tensor(p.up)
		d, hasDown := r.tensor(p.down)
		if hasUp && hasDown {
			up, down = u, d
			if p.up == ".lora_up.weight" {
				mid = r.optional(".lora_mid.weight")
			}
			break
		}
		if hasUp != hasDown {
			r.problem("it has no pair of lora_up and lora_down")
			return nil
		}
	}
	if up.File == nil {
		return nil
	}
	shape, padded, ok := r.reshaped()
	if !ok {
		return nil
	}
	if !pairFits(up.Shape, down.Shape, mid, shape) {
		r.problem("up %v and down %v do not fit the weight %v", up.Shape, down.Shape, shape)
		return nil
	}
	refs := []Ref{up, down}
	if mid != nil {
		refs = append(refs, *mid)
	}
	p := pairRefs{up, down, mid}
	c, ok := r.change("pair", p, r.scale(down.Shape[0]), refs...).(fileChange)
	switch {
	case !ok:
		return nil
	case c.dora != nil || padded != nil:
		c.padded = padded
		return c
	}
	return filePair{c, p, r.weight}
}

// reshaped is the shape that the weight takes before a pair is added: its own, unless the file says a larger one.
func (r *moduleReader) reshaped() (shape []int64, padded []int, ok bool) {
	t, found := r.tensor(".reshape_weight")
	if !found {
		return r.weight, nil, true
	}
	if len(t.Shape) != 1 || t.Shape[0] > 8 {
		r.problem("reshape_weight %v is no shape", t.Shape)
		return nil, nil, false
	}
	v, err := t.Float32()
	if err != nil {
		r.err = err
		return nil, nil, false
	}
	for _, f := range v.Data {
		if f < 1 || f > 1<<24 {
			r.problem("reshape_weight holds %v, which is no size", f)
			return nil, nil, false
		}
		shape, padded = append(shape, int64(f)), append(padded, int(f))
	}
	if len(shape) != len(r.weight) || !holds(shape, r.weight) {
		r.problem("reshape_weight %v cannot hold the weight %v", shape, r.weight)
		return nil, nil, false
	}
	return shape, padded, true
}

// pairFits reports whether the product has as many rows and columns as the weight.
func pairFits(up, down []int64, core *Ref, weight []int64) bool {
	if len(up) < 2 || len(down) < 2 || len(weight) < 2 || down[0] < 1 || values(up[1:]) != down[0] {
		return false
	}
	columns := values(down[1:])
	if core != nil {
		mid := core.Shape
		if len(mid) != 4 || len(weight) != 4 || mid[0] != down[0] || mid[1] != down[0] {
			return false
		}
		columns *= mid[2] * mid[3]
	}
	return up[0] == weight[0] && columns == values(weight[1:])
}

func (r *moduleReader) loha() Change {
	t := r.tensors(".hada_w1_a", ".hada_w1_b", ".hada_w2_a", ".hada_w2_b")
	cores := r.tensors(".hada_t1", ".hada_t2")
	if t == nil {
		return nil
	}
	l := loha{a1: t[0], b1: t[1], a2: t[2], b2: t[3]}
	if cores != nil {
		l.t1, l.t2 = &cores[0], &cores[1]
	}
	for _, p := range []struct {
		a, b Ref
		core *Ref
	}{{l.a1, l.b1, l.t1}, {l.a2, l.b2, l.t2}} {
		if !r.fits(p.a.Shape, p.b.Shape, p.core) {
			r.problem("LoHa factors %v and %v%s do not fit the weight %v", p.a.Shape, p.b.Shape, coreText(p.core), r.weight)
			return nil
		}
	}
	return r.change("LoHa", l, r.scale(l.b1.Shape[0]), append(t, cores...)...)
}

// fits reports whether a product of the factors, or with a core the Tucker product, has the size of the weight.
func (r *moduleReader) fits(a, b []int64, core *Ref) bool {
	rows, columns, ok := productSize(a, b, core)
	return ok && len(r.weight) >= 2 && rows == r.weight[0] && columns == values(r.weight[1:])
}

// productSize is rows and columns of a·b, or of a Tucker product, of which a is stored the other way round.
func productSize(a, b []int64, core *Ref) (rows, columns int64, ok bool) {
	if len(a) < 2 || len(b) < 2 || b[0] < 1 {
		return 0, 0, false
	}
	if core == nil {
		return a[0], values(b[1:]), values(a[1:]) == b[0]
	}
	c := core.Shape
	if len(c) != 4 || c[0] != a[0] || c[1] != b[0] {
		return 0, 0, false
	}
	return values(a[1:]), values(b[1:]) * c[2] * c[3], true
}

func coreText(core *Ref) string {
	if core == nil {
		return ""
	}
	return fmt.Sprintf(" with the core %v", core.Shape)
}

func (r *moduleReader) lokr() Change {
	small, rank1, refs1 := r.kron(".lokr_w1", ".lokr_w1_a", ".lokr_w1_b", "")
	large, rank2, refs2 := r.kron(".lokr_w2", ".lokr_w2_a", ".lokr_w2_b", ".lokr_t2")
	if refs1 == nil && refs2 == nil {
		return nil
	}
	if refs1 == nil || refs2 == nil {
		if len(r.problems) == 0 {
			r.problem("LoKr needs both factors, lokr_w1 and lokr_w2")
		}
		return nil
	}
	r1, c1, ok1 := small.size()
	r2, c2, ok2 := large.size()
	if !ok1 || !ok2 || len(r.weight) < 2 || r1*r2 != r.weight[0] || c1*c2 != values(r.weight[1:]) {
		r.problem("LoKr factors %s and %s do not fit the weight %v", small, large, r.weight)
		return nil
	}
	// The rank is that of the factor that was taken apart, of the large one if both were; alpha means nothing if none was.
	rank := rank1
	if rank2 > 0 {
		rank = rank2
	}
	factor := float32(1)
	if rank > 0 {
		factor = r.scale(rank)
	}
	return r.change("LoKr", lokr{small, large}, factor, append(refs1, refs2...)...)
}

// kron reads a factor of a Kronecker product; its rank is 0 where it is stored whole.
func (r *moduleReader) kron(whole, a, b, core string) (f kronFactor, rank int64, refs []Ref) {
	if f.whole = r.optional(whole); f.whole != nil {
		for _, s := range []string{a, b, core} {
			if s != "" {
				r.tensor(s) // not used beside the whole one
			}
		}
		return f, 0, []Ref{*f.whole}
	}
	parts := r.tensors(a, b)
	if parts == nil {
		return f, 0, nil
	}
	f.a, f.b = &parts[0], &parts[1]
	if core != "" {
		if f.core = r.optional(core); f.core != nil {
			parts = append(parts, *f.core)
		}
	}
	if len(f.b.Shape) > 0 {
		rank = f.b.Shape[0]
	}
	return f, rank, parts
}

// size is rows and columns of a factor.
func (f kronFactor) size() (rows, columns int64, ok bool) {
	if f.whole != nil {
		s := f.whole.Shape
		return append(s, 0)[0], values(s[min(1, len(s)):]), len(s) >= 2
	}
	return productSize(f.a.Shape, f.b.Shape, f.core)
}

func (f kronFactor) String() string {
	if f.whole != nil {
		return fmt.Sprint(f.whole.Shape)
	}
	return fmt.Sprintf("%v·%v%s", f.a.Shape, f.b.Shape, coreText(f.core))
}

func (r *moduleReader) glora() Change {
	t := r.tensors(".a1.weight", ".a2.weight", ".b1.weight", ".b2.weight")
	if t == nil {
		return nil
	}
	for _, x := range t {
		if len(x.Shape) < 2 || len(r.weight) < 2 {
			r.problem("GLoRA factor %v does not fit the weight %v", x.Shape, r.weight)
			return nil
		}
	}
	a1, a2, b1, b2 := t[0], t[1], t[2], t[3]
	rank, old, ok := gloraLayout(a1.Shape, a2.Shape, b1.Shape, b2.Shape, r.weight)
	in := r.weight[1]
	if old {
		in = values(r.weight[1:])
	}
	into, from, up, down := a1, a2, b1, b2
	if old {
		into, from, up, down = a2, a1, b2, b1
	}
	aRows, aColumns, okA := productSize(into.Shape, from.Shape, nil)
	bRows, bColumns, okB := productSize(up.Shape, down.Shape, nil)
	if !ok || !okA || !okB || aRows != in || aColumns != in || bRows != r.weight[0] || bColumns != values(r.weight[1:]) {
		r.problem("GLoRA factors a1 %v, a2 %v, b1 %v and b2 %v do not fit the weight %v", a1.Shape, a2.Shape, b1.Shape, b2.Shape, r.weight)
		return nil
	}
	return r.change("GLoRA", glora{a1, a2, b1, b2, old}, r.scale(rank), t...)
}

// rotation reads OFT, whose blocks have three axes, or BOFT, whose have four.
func (r *moduleReader) rotation() Change {
	blocks, ok := r.tensor(".oft_blocks")
	if !ok {
		return nil
	}
	rescale := r.optional(".rescale")
	constraint, _ := r.alpha()
	s := blocks.Shape
	last := len(s) - 1
	if len(s) != 3 && len(s) != 4 || len(r.weight) < 2 || s[last] < 1 || s[last] != s[last-1] || s[last-2]*s[last] != r.weight[0] {
		r.problem("oft_blocks %v do not fit the weight %v", s, r.weight)
		return nil
	}
	refs := []Ref{blocks}
	if rescale != nil {
		refs = append(refs, *rescale)
	}
	factor := float32(1)
	if _, dora := r.module.tensors[".dora_scale"]; dora {
		factor = constraint // as in ComfyUI, where the constraint stands in for alpha
	}
	if len(s) == 3 {
		return r.change(fmt.Sprint("OFT ", constraint), oft{blocks, constraint}, factor, refs...)
	}
	if stages := s[0]; s[last]%2 != 0 || stages < 1 || stages > 30 || r.weight[0]%(s[last]<<(stages-1)) != 0 {
		r.problem("%d butterfly factors of blocks of %d do not fit the weight %v", stages, s[last], r.weight)
		return nil
	}
	if rescale != nil && values(rescale.Shape) != 1 && values(rescale.Shape) != r.weight[0] {
		r.problem("rescale %v does not fit the weight %v", rescale.Shape, r.weight)
		return nil
	}
	return r.change(fmt.Sprint("BOFT ", constraint), boft{blocks, rescale, constraint}, factor, refs...)
}

// differences reads what is stored as it is: differences of a weight and of its bias, and whole weights.
func (r *moduleReader) differences(changes map[string]Change) {
	bias := ""
	if module, ok := strings.CutSuffix(r.target, ".weight"); ok {
		bias = module + ".bias"
	}
	if d, ok := r.tensor(".w_norm"); ok {
		r.difference(changes, r.target, "w_norm", d)
		if d, ok := r.tensor(".b_norm"); ok {
			r.difference(changes, bias, "b_norm", d)
		}
	}
	if d, ok := r.tensor(".diff"); ok {
		r.difference(changes, r.target, "diff", d)
	}
	if d, ok := r.tensor(".diff_b"); ok {
		r.difference(changes, bias, "diff_b", d)
	}
	if d, ok := r.tensor(".set_weight"); ok {
		if !slices.Equal(d.Shape, r.weight) {
			r.problem("set_weight %v does not fit the weight %v", d.Shape, r.weight)
			return
		}
		changes[r.target] = setWeight{d}
	}
}

func (r *moduleReader) difference(changes map[string]Change, target, kind string, d Ref) {
	weight, ok := r.set.Ref(target)
	shape := weight.Shape
	if target == r.target {
		shape = r.weight
	}
	switch {
	case !ok:
		r.problem("%s changes a bias that the layer does not have", kind)
	case !slices.Equal(d.Shape, shape):
		r.problem("%s %v does not fit the weight %s %v", kind, d.Shape, target, shape)
	default:
		changes[target] = fileChange{kind: kind, do: plain{d}, refs: []Ref{d}, factor: 1}
	}
}

// values is the number of values of a shape that was checked when its header was read.
func values(shape []int64) int64 {
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	return n
}

// holds reports whether a shape is at least as large as another on every axis.
func holds(large, small []int64) bool {
	for i, n := range small {
		if large[i] < n {
			return false
		}
	}
	return true
}
