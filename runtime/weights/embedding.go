package weights

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// listEntry is the name of a tensor in a file whose outermost value is a list of dictionaries.
var listEntry = regexp.MustCompile(`^\d+\.`)

// OpenEmbedding reads a textual inversion: vectors [n,width] that stand for tokens. key names the text encoder
// (clip_l, clip_g, clip_h) in files that hold vectors for several. Of the many layouts in use these are tried in turn:
// string_to_param, a list of dictionaries (entries of the right width), the key, bundles (bundle_emb.NAME.…), the first
// tensor. The error wraps tensor.ErrShape when the vectors are for a text encoder of another width.
func OpenEmbedding(path, key string, width int) (*tensor.Tensor, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var parts []*tensor.Tensor
	for _, name := range embeddingNames(f, key, width) {
		t, err := f.Float32(name)
		if err != nil {
			return nil, err
		}
		if len(t.Shape) == 0 || t.Dim(-1) != width {
			return nil, fmt.Errorf("%s: embedding %q of shape %v does not fit a text encoder of width %d; it was made for another "+
				"model family: %w", path, name, t.Shape, width, tensor.ErrShape)
		}
		if t, err = t.Reshape(-1, width); err != nil {
			return nil, err
		}
		parts = append(parts, t)
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("%s: no embedding vectors in it: %w", path, ErrFormat)
	}
	return tensor.Concat(0, parts...)
}

// embeddingNames chooses the tensors that together are the embedding.
func embeddingNames(f *File, key string, width int) []string {
	names := f.Names()
	pick := func(fits func(name string) bool) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !fits(n) })
	}
	if list := pick(func(n string) bool { return strings.HasPrefix(n, "string_to_param.") }); len(list) > 0 {
		return list[:1]
	}
	if list := pick(listEntry.MatchString); len(list) > 0 && len(list) == len(names) {
		return pick(func(n string) bool {
			shape := f.tensors[f.byName[n]].Shape
			return len(shape) > 0 && shape[len(shape)-1] == int64(width)
		})
	}
	if _, ok := f.Info(key); ok {
		return []string{key}
	}
	for _, suffix := range []string{".string_to_param.*", "." + key} {
		bundle := func(n string) bool { return strings.HasPrefix(n, "bundle_emb.") && strings.HasSuffix(n, suffix) }
		if list := pick(bundle); len(list) > 0 {
			return list
		}
	}
	return names[:min(1, len(names))]
}
