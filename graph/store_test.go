package graph

import (
	"errors"
	"slices"
	"testing"

	dag "github.com/dominikbraun/graph"
)

// The store keeps the promises of the library's interface, seen through the library.
func TestStore(t *testing.T) {
	s := &store{}
	g := dag.NewWithStore(dag.IntHash, dag.Store[int, int](s), dag.Directed())
	for i := range 4 {
		if err := g.AddVertex(i); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	check("vertex again", g.AddVertex(1), dag.ErrVertexAlreadyExists)
	check("vertex with a gap", g.AddVertex(9), dag.ErrVertexNotFound)
	check("edge", g.AddEdge(0, 1), nil)
	check("edge", g.AddEdge(1, 2), nil)
	check("edge", g.AddEdge(0, 2), nil)
	check("edge again", g.AddEdge(0, 1), dag.ErrEdgeAlreadyExists)
	check("edge to nowhere", g.AddEdge(0, 7), dag.ErrVertexNotFound)
	check("edge from nowhere", s.AddEdge(-1, 0, dag.Edge[int]{}), dag.ErrVertexNotFound)
	check("update", g.UpdateEdge(0, 1), nil)
	check("remove vertex", g.RemoveVertex(0), dag.ErrVertexHasEdges)
	check("remove no vertex", g.RemoveVertex(8), dag.ErrVertexNotFound)
	if _, err := g.Edge(1, 0); !errors.Is(err, dag.ErrEdgeNotFound) {
		t.Errorf("edge the other way: %v", err)
	}
	if n, _ := g.Size(); n != 3 {
		t.Errorf("%d edges", n)
	}
	if n, _ := g.Order(); n != 4 {
		t.Errorf("%d vertices", n)
	}
	if path, err := dag.ShortestPath(g, 0, 2); err != nil || !slices.Equal(path, []int{0, 2}) {
		t.Errorf("path %v: %v", path, err)
	}
	check("remove edge", g.RemoveEdge(0, 2), nil)
	check("remove edge again", g.RemoveEdge(0, 2), dag.ErrEdgeNotFound)
	if path, err := dag.ShortestPath(g, 0, 2); err != nil || !slices.Equal(path, []int{0, 1, 2}) {
		t.Errorf("path %v: %v", path, err)
	}
}

func TestKahn(t *testing.T) {
	tests := map[string]struct {
		vertices, first int
		edges           [][2]int
		want            []int32
	}{
		"nothing":                    {0, 0, nil, []int32{}},
		"no edges":                   {3, 0, nil, []int32{0, 1, 2}},
		"a chain backwards":          {3, 0, [][2]int{{2, 1}, {1, 0}}, []int32{2, 1, 0}},
		"a diamond":                  {4, 0, [][2]int{{0, 1}, {0, 2}, {1, 3}, {2, 3}}, []int32{0, 1, 2, 3}},
		"a cycle and what is behind": {4, 0, [][2]int{{0, 1}, {1, 0}, {1, 2}}, []int32{3}},
		"itself":                     {2, 0, [][2]int{{0, 0}}, []int32{1}},
		"the new part only":          {4, 2, [][2]int{{0, 2}, {3, 2}, {2, 1}}, []int32{3, 2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &store{}
			s.grow(tt.vertices)
			for _, e := range tt.edges {
				if err := s.AddEdge(e[0], e[1], dag.Edge[int]{}); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.kahn(tt.first); !slices.Equal(got, tt.want) {
				t.Errorf("order %v, want %v", got, tt.want)
			}
		})
	}
}

func TestIDs(t *testing.T) {
	x := newIDIndex(3)
	ids := []string{"0", "1", "70", "01", "", "-1", "1000000000000", "é", "5:2", "12a"}
	for i, id := range ids {
		x.set(id, int32(i))
	}
	for i, id := range ids {
		if got, ok := x.get(id); !ok || got != int32(i) {
			t.Errorf("%q is %d, %v; want %d", id, got, ok, i)
		}
	}
	for _, id := range []string{"2", "00", "x", "71"} {
		if _, ok := x.get(id); ok {
			t.Errorf("%q is there", id)
		}
	}
}
