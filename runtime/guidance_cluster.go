package runtime

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// clusterGuidance is a patch of a model: the second term of OneActor's guidance (Wang et al. 2024, arXiv:2404.10267),
//
//	ε = ε(∅) + η1·(ε(target) - ε(∅)) - η2·(ε(average) - ε(∅)),
//
// where η1 is the guidance scale of whatever guider runs, and ε(∅) its branch without prompt. The same mix holds for predictions of x0.
type clusterGuidance struct {
	average Conditioning
	eta2    float64
	during  Range
}

// WithCluster pushes predictions away from those for the average of a cluster, during a part of the run; eta2 = 0 changes nothing and
// costs nothing. It comes on top of what the model has.
func (m Model) WithCluster(average Conditioning, eta2 float64, during Range) Model {
	if eta2 == 0 {
		return m
	}
	m.clusters = append(slices.Clone(m.clusters), clusterGuidance{average, eta2, during})
	return m
}

// cluster is a clusterGuidance made ready for one run.
type cluster struct {
	entries         []entry
	eta2            float32
	highest, lowest float32 // sigmas between which it applies, both included
}

// activeClusters are those that have something to say at a noise level.
func activeClusters(all []cluster, sigma float32) []cluster {
	var out []cluster
	for _, c := range all {
		if sigma > c.highest || sigma < c.lowest {
			continue
		}
		if slices.ContainsFunc(c.entries, func(e entry) bool { return e.active(sigma) }) {
			out = append(out, c)
		}
	}
	return out
}

// push is d - η2·(average-null) in the cells that an entry of the average covers; count is the weights that average is a mean
// over, nil for all cells.
func (c cluster) push(d, average, count, null *tensor.Tensor) *tensor.Tensor {
	const nothing = 1e-30 // the sum of no weights is 1e-37
	out := d.Clone()
	for i, a := range average.Data {
		if count == nil || count.Data[i] > nothing {
			out.Data[i] -= (a - null.Data[i]) * c.eta2
		}
	}
	return out
}
