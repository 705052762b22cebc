package actor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/sampling"
)

// Pretraining is what makes a projector of many clusters, which then maps clusters of new subjects to actors. Of the paper's section on
// applications: the loss of tuning, with another cluster in each step. Any picture of a cluster may be the target, because batch
// normalisation does not tell which of the states is the target's.
type Pretraining struct {
	Tuning   // settings; its Cluster and Word are not used
	Clusters []Cluster
	Words    []string // base words; a cluster takes the first that its prompt has
}

// Pretrain trains a projector. Every cluster must be of one model and picture size.
func Pretrain(ctx context.Context, rt *runtime.Runtime, p Pretraining) (Projector, error) {
	phi, err := p.pretrain(ctx, rt)
	if err != nil {
		return Projector{}, fmt.Errorf("pretrain projector: %w", err)
	}
	return phi, nil
}

func (p Pretraining) pretrain(ctx context.Context, rt *runtime.Runtime) (Projector, error) {
	if len(p.Clusters) == 0 {
		return Projector{}, errors.New("no clusters: connect some, or name a folder of models/clusters that holds some")
	}
	materials, err := p.materials(ctx, rt)
	if err != nil {
		return Projector{}, err
	}
	t := p.Tuning
	t.Cluster = p.Clusters[0]
	for _, c := range p.Clusters {
		t.Auxiliary = min(t.Auxiliary, c.Len()-1)
	}
	phi, err := t.start(materials[0])
	if err != nil {
		return Projector{}, err
	}
	err = tuneOn(ctx, rt, t, phi, t.stateKey(phi, materials...), materials[0], func(step int) (*material, draw) {
		m := drawMaterial(materials, t.Seed, step)
		return m, drawStep(m, t.Seed, step, t.Auxiliary, t.Flip)
	})
	if err != nil {
		return Projector{}, err
	}
	phi.Notes.Clusters += len(p.Clusters)
	phi.Notes.Steps += t.Steps
	return phi, nil
}

// drawMaterial chooses the cluster of a step, and its target, from a generator of its own: seeded for the step as drawStep's, with the
// seed's bits turned round.
func drawMaterial(materials []*material, seed uint64, step int) *material {
	g := sampling.NewGenerator(stepSeed(^seed, step))
	m := *materials[g.Intn(int64(len(materials)))]
	m.target = int(g.Intn(int64(m.h.Dim(0))))
	m.others = nil
	for i := range m.h.Dim(0) {
		if i != m.target {
			m.others = append(m.others, i)
		}
	}
	return &m
}

// materials prepares every cluster; the texts of a word are encoded once.
func (p Pretraining) materials(ctx context.Context, rt *runtime.Runtime) ([]*material, error) {
	texts := map[string][]text{}
	var list []*material
	for i, c := range p.Clusters {
		t := p.Tuning
		t.Cluster = c
		word, err := wordOf(c.Prompt, p.Words)
		if err != nil {
			return nil, err
		}
		t.Word = word
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("cluster %d of %d: %w", i+1, len(p.Clusters), err)
		}
		first := p.Clusters[0]
		if !slices.Equal(c.H.Shape[1:], first.H.Shape[1:]) || !slices.Equal(c.Images.Shape[1:], first.Images.Shape[1:]) {
			return nil, fmt.Errorf("cluster %d of %d has pictures of %v and states of %v, the first %v and %v: all must be of one model and picture size",
				i+1, len(p.Clusters), c.Images.Shape[1:], c.H.Shape[1:], first.Images.Shape[1:], first.H.Shape[1:])
		}
		m, err := prepare(ctx, rt, t)
		if err != nil {
			return nil, err
		}
		if texts[word] == nil {
			if texts[word], err = encodeTemplates(ctx, rt, t); err != nil {
				return nil, err
			}
		}
		m.texts = texts[word]
		list = append(list, m)
	}
	return list, nil
}

// wordOf is the first word that a prompt has.
func wordOf(prompt string, words []string) (string, error) {
	for _, w := range words {
		if checkWord(prompt, w) == nil {
			return w, nil
		}
	}
	return "", fmt.Errorf("the prompt %q has none of the base words %q: %w", prompt, words, ErrWord)
}

// LoadClusters reads the clusters of models/clusters whose names begin with a prefix, such as a folder; all of them for "".
func LoadClusters(rt *runtime.Runtime, prefix string) ([]Cluster, error) {
	names, err := rt.Folders.List("clusters")
	if err != nil {
		return nil, err
	}
	var list []Cluster
	for _, name := range names {
		if len(name) < len(prefix) || name[:len(prefix)] != prefix {
			continue
		}
		path, err := rt.Folders.Find("clusters", name)
		if err != nil {
			return nil, err
		}
		c, err := LoadCluster(path)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}
