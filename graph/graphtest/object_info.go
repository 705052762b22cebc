// Package graphtest compares node classes with the /object_info of ComfyUI.
package graphtest

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// Report is the outcome of a comparison with a file of /object_info entries.
type Report struct {
	Compared    []string // classes on both sides
	Waiting     []string // classes of the file that the registry does not have
	Own         []string // classes of the registry that the file does not have
	Differences []string // "KSampler.input.required.seed[1].max: want 18446744073709551615, got 5"
}

// CompareObjectInfo renders every class of registry that the file lists and compares the two, key order and number form
// included. Tooltips and descriptions are left out on both sides; the contents of lists behind a choices key, which depend on
// the files of the machine that wrote the file, are taken from it.
func CompareObjectInfo(registry *graph.Registry, path string) (Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Report{}, err
	}
	golden, err := ojson.ParseObject(data, ojson.Limits{})
	if err != nil {
		return Report{}, fmt.Errorf("%s: %w", path, err)
	}
	var r Report
	for name := range golden.All() {
		class := registry.Class(name)
		if class == nil {
			r.Waiting = append(r.Waiting, name)
			continue
		}
		want := golden.Object(name)
		got, err := class.ObjectInfo(choicesOf(class, want))
		if err != nil {
			return r, fmt.Errorf("class %s: %w", name, err)
		}
		r.Compared = append(r.Compared, name)
		r.Differences = append(r.Differences, Diff(name, withoutText(want), withoutText(got))...)
	}
	for _, class := range registry.Classes() {
		if !golden.Has(class.Name) {
			r.Own = append(r.Own, class.Name)
		}
	}
	return r, nil
}

// choicesOf answers the keys of a class with the lists that its golden entry shows.
func choicesOf(class *graph.Class, golden *ojson.Object) graph.Choices {
	lists := map[string][]string{}
	for _, in := range class.Inputs {
		if _, known := lists[in.ChoicesKey]; known || in.ChoicesKey == "" {
			continue
		}
		lists[in.ChoicesKey] = nil
		group := "required"
		if in.Optional {
			group = "optional"
		}
		spec := golden.Object("input").Object(group).Array(in.Name)
		if len(spec) == 0 {
			continue
		}
		items, isList := spec[0].([]any)
		if !isList && len(spec) > 1 {
			options, _ := spec[1].(*ojson.Object)
			items = options.Array("options")
		}
		for _, item := range items {
			if s, ok := item.(string); ok {
				lists[in.ChoicesKey] = append(lists[in.ChoicesKey], s)
			}
		}
	}
	return func(key string) ([]string, error) { return lists[key], nil }
}

// withoutText is a copy of a value without tooltips and descriptions.
func withoutText(v any) any {
	switch v := v.(type) {
	case *ojson.Object:
		o := ojson.NewObject()
		for key, value := range v.All() {
			if key != "tooltip" && key != "description" && key != "output_tooltips" {
				o.Set(key, withoutText(value))
			}
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = withoutText(item)
		}
		return list
	}
	return v
}

// Diff lists where two JSON values differ as text: order of keys and the form of numbers count. Each line begins with the
// path of the place below root.
func Diff(root string, want, got any) []string {
	switch want := want.(type) {
	case *ojson.Object:
		got, ok := got.(*ojson.Object)
		if !ok {
			break
		}
		return diffObjects(root, want, got)
	case []any:
		got, ok := got.([]any)
		if !ok || len(want) != len(got) {
			break
		}
		var lines []string
		for i := range want {
			lines = append(lines, Diff(fmt.Sprintf("%s[%d]", root, i), want[i], got[i])...)
		}
		return lines
	}
	if w, g := text(want), text(got); w != g {
		return []string{fmt.Sprintf("%s: want %s, got %s", root, w, g)}
	}
	return nil
}

func diffObjects(root string, want, got *ojson.Object) (lines []string) {
	for key, w := range want.All() {
		g, ok := got.Get(key)
		if !ok {
			lines = append(lines, fmt.Sprintf("%s.%s: missing, want %s", root, key, text(w)))
			continue
		}
		lines = append(lines, Diff(root+"."+key, w, g)...)
	}
	for key, g := range got.All() {
		if !want.Has(key) {
			lines = append(lines, fmt.Sprintf("%s.%s: not wanted, got %s", root, key, text(g)))
		}
	}
	if w, g := want.Keys(), got.Keys(); len(lines) == 0 && !slices.Equal(w, g) {
		lines = append(lines, fmt.Sprintf("%s: want keys %s, got %s", root, strings.Join(w, " "), strings.Join(g, " ")))
	}
	return lines
}

func text(v any) string {
	data, err := ojson.Marshal(v, ojson.Compact)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
