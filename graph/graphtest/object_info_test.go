package graphtest_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/graphtest"
)

type Loader struct {
	_    graph.Meta `category:"loaders" module:"nodes"`
	Name string     `choices:"files" doc:"texts are left out"`
	Size int        `default:"8" min:"1"`
}

func (Loader) Run(context.Context) (string, error) { return "", nil }

type Own struct {
	_ graph.Meta `category:"oneactor"`
}

func (Own) Run(context.Context) (int, error) { return 0, nil }

func compare(t *testing.T, golden string) graphtest.Report {
	t.Helper()
	registry, err := graph.New(graph.Declare[Loader](), graph.Declare[Own]())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "object_info.json")
	if err := os.WriteFile(path, []byte(golden), 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := graphtest.CompareObjectInfo(registry, path)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestCompareObjectInfo(t *testing.T) {
	const rest = `"output":["STRING"],"output_is_list":[false],"output_name":["STRING"],"name":"Loader","display_name":"Loader","python_module":"nodes","category":"loaders","output_node":false`
	const order = `"input_order":{"required":["name","size"]},`
	tests := map[string]struct {
		golden string
		want   []string
	}{
		"equal": {`{"input":{"required":{"name":[["x","y"],{}],"size":["INT",{"default":8,"min":1}]}},` + order + rest + `}`, nil},
		"number form": {`{"input":{"required":{"name":[[],{}],"size":["INT",{"default":8.0,"min":1}]}},` + order + rest + `}`,
			[]string{"Loader.input.required.size[1].default: want 8.0, got 8"}},
		"order of keys": {`{"input":{"required":{"name":[[],{}],"size":["INT",{"min":1,"default":8}]}},` + order + rest + `}`,
			[]string{"Loader.input.required.size[1]: want keys min default, got default min"}},
		"too much and too little": {`{"input":{"required":{"name":[[],{}],"size":["INT",{"default":8,"max":9}]}},` + order + rest + `}`,
			[]string{"Loader.input.required.size[1].max: missing, want 9", "Loader.input.required.size[1].min: not wanted, got 1"}},
		"no options object": {`{"input":{"required":{"name":[[]],"size":["INT",{"default":8,"min":1}]}},` + order + rest + `}`,
			[]string{`Loader.input.required.name: want [[]], got [[],{}]`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := compare(t, `{"Loader":`+tt.golden+`,"Later":{}}`)
			if !slices.Equal(r.Differences, tt.want) {
				t.Errorf("got %q, want %q", r.Differences, tt.want)
			}
			if !slices.Equal(r.Compared, []string{"Loader"}) || !slices.Equal(r.Waiting, []string{"Later"}) || !slices.Equal(r.Own, []string{"Own"}) {
				t.Errorf("compared %v, waiting %v, own %v", r.Compared, r.Waiting, r.Own)
			}
		})
	}
}
