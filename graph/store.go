package graph

import (
	"slices"

	dag "github.com/dominikbraun/graph"
)

// store keeps a plan's graph for package dag in slices: vertices are the numbers 0…n-1, an edge leads from a node to one that needs
// it. The library's own store takes four maps per vertex.
type store struct {
	out, in [][]int32
	edges   int
}

var _ dag.Store[int, int] = (*store)(nil)

func (s *store) known(v int) bool { return v >= 0 && v < len(s.out) }

// grow adds the next n vertices at once.
func (s *store) grow(n int) {
	s.out = append(s.out, make([][]int32, n)...)
	s.in = append(s.in, make([][]int32, n)...)
}

// AddVertex adds the next number; any other is refused.
func (s *store) AddVertex(hash, _ int, _ dag.VertexProperties) error {
	switch {
	case s.known(hash):
		return dag.ErrVertexAlreadyExists
	case hash != len(s.out):
		return dag.ErrVertexNotFound
	}
	s.out = append(s.out, nil)
	s.in = append(s.in, nil)
	return nil
}

// Vertex returns the number itself.
func (s *store) Vertex(hash int) (int, dag.VertexProperties, error) {
	if !s.known(hash) {
		return 0, dag.VertexProperties{}, dag.ErrVertexNotFound
	}
	return hash, dag.VertexProperties{}, nil
}

// RemoveVertex refuses: numbers stay dense, and a plan only grows.
func (s *store) RemoveVertex(hash int) error {
	if !s.known(hash) {
		return dag.ErrVertexNotFound
	}
	return dag.ErrVertexHasEdges
}

// ListVertices returns all numbers.
func (s *store) ListVertices() ([]int, error) {
	list := make([]int, len(s.out))
	for i := range list {
		list[i] = i
	}
	return list, nil
}

// VertexCount is the number of vertices.
func (s *store) VertexCount() (int, error) { return len(s.out), nil }

// AddEdge adds an edge that is not there yet.
func (s *store) AddEdge(source, target int, _ dag.Edge[int]) error {
	if !s.known(source) || !s.known(target) {
		return dag.ErrVertexNotFound
	}
	if s.has(source, target) {
		return dag.ErrEdgeAlreadyExists
	}
	s.out[source] = append(s.out[source], int32(target))
	s.in[target] = append(s.in[target], int32(source))
	s.edges++
	return nil
}

// has looks from the end with fewer edges, so that a node with 10,000 consumers costs no more than another.
func (s *store) has(source, target int) bool {
	if len(s.out[source]) < len(s.in[target]) {
		return slices.Contains(s.out[source], int32(target))
	}
	return slices.Contains(s.in[target], int32(source))
}

// UpdateEdge accepts an edge that is there: edges have no properties.
func (s *store) UpdateEdge(source, target int, _ dag.Edge[int]) error {
	_, err := s.Edge(source, target)
	return err
}

// RemoveEdge removes an edge.
func (s *store) RemoveEdge(source, target int) error {
	if _, err := s.Edge(source, target); err != nil {
		return err
	}
	remove := func(list []int32, v int) []int32 {
		i := slices.Index(list, int32(v))
		return slices.Delete(list, i, i+1)
	}
	s.out[source], s.in[target] = remove(s.out[source], target), remove(s.in[target], source)
	s.edges--
	return nil
}

// Edge returns the edge between two vertices.
func (s *store) Edge(source, target int) (dag.Edge[int], error) {
	if !s.known(source) || !s.known(target) || !s.has(source, target) {
		return dag.Edge[int]{}, dag.ErrEdgeNotFound
	}
	return dag.Edge[int]{Source: source, Target: target}, nil
}

// ListEdges returns all edges.
func (s *store) ListEdges() ([]dag.Edge[int], error) {
	list := make([]dag.Edge[int], 0, s.edges)
	for source, targets := range s.out {
		for _, target := range targets {
			list = append(list, dag.Edge[int]{Source: source, Target: int(target)})
		}
	}
	return list, nil
}

// kahn orders the vertices from first on so that each comes after the ones it needs; edges from lower vertices count as met.
// What is left out stands on a cycle or behind one. It takes time linear in vertices and edges, where the library's
// TopologicalSort is quadratic.
func (s *store) kahn(first int) []int32 {
	n := len(s.out) - first
	waits := make([]int32, n)
	order := make([]int32, 0, n)
	for v := range n {
		for _, source := range s.in[first+v] {
			if int(source) >= first {
				waits[v]++
			}
		}
		if waits[v] == 0 {
			order = append(order, int32(first+v))
		}
	}
	for i := 0; i < len(order); i++ {
		for _, target := range s.out[order[i]] {
			if v := int(target) - first; v >= 0 {
				if waits[v]--; waits[v] == 0 {
					order = append(order, target)
				}
			}
		}
	}
	return order
}
