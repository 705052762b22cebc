package nodes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/graphtest"
	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime/goldentest"
)

// unrecorded are modules of ComfyUI whose classes object_info.json leaves out. They follow its source.
var unrecorded = []string{"comfy_extras.nodes_hooks", "comfy_extras.nodes_video_model"}

// TestGoldenObjectInfo compares every class with /object_info of ComfyUI 0.3.64, texts left out: order of keys, options, limits and the
// form of numbers are equal.
func TestGoldenObjectInfo(t *testing.T) {
	path := goldentest.Files(t, ".", "object_info.json")[0]
	registry, err := graph.New(nodes.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	report, err := graphtest.CompareObjectInfo(registry, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Differences {
		t.Error(d)
	}
	if len(report.Compared) == 0 {
		t.Error("no class was compared")
	}
	for _, own := range report.Own {
		if c := registry.Class(own); strings.HasPrefix(c.Category, "oneactor") || slices.Contains(unrecorded, c.Module) || strings.HasPrefix(c.Module, "custom_nodes.") { // ComfyUI comes with one
			continue
		}
		t.Errorf("class %s is not ComfyUI's and not under the category oneactor", own)
	}
	for _, name := range report.Waiting {
		goldentest.Waiting(t, name, "class "+name)
	}
	t.Logf("%d classes equal, %d to come", len(report.Compared), len(report.Waiting))
}
