package runtime

import (
	"cmp"
	"context"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// weightJob is what has to be made for one changed weight: the merged weight, the factors of its branch, or both.
type weightJob struct {
	name           string
	merged, branch []patchStep
	size           int64 // of the weight, in bytes
}

// layout says how changed weights reach a graph, without making them: low-rank pairs as branches, everything else merged into a weight that
// is an input in place of the one in the file.
func (p patchedWeights) layout() (model.Patches, []weightJob) {
	var patches model.Patches
	var jobs []weightJob
	for _, name := range p.names() {
		j := weightJob{name: name}
		j.merged, j.branch = p.split(name, p.steps(name))
		if len(j.merged) > 0 {
			patches.Replaced = append(patches.Replaced, name)
		}
		if len(j.branch) > 0 {
			patches.LoRA = append(patches.LoRA, name)
		}
		if r, ok := p.set.Ref(name); ok {
			j.size = r.Bytes
		}
		jobs = append(jobs, j)
	}
	patches.Round = roundings[p.round]
	return patches, jobs
}

// graphPatches is how the graph of a network with changed weights is written.
func (p patchedWeights) graphPatches() model.Patches {
	patches, _ := p.layout()
	return patches
}

// weightInputs are the changed weights and the factors of branches as graph inputs. What was made before and is still kept costs nothing.
func (rt *Runtime) weightInputs(ctx context.Context, p patchedWeights) (map[string]ort.Value, error) {
	_, jobs := p.layout()
	inputs := map[string]ort.Value{}
	if len(jobs) == 0 {
		return inputs, nil
	}
	// The largest first, so that no processor is left alone with one at the end.
	slices.SortStableFunc(jobs, func(a, b weightJob) int { return cmp.Compare(b.size, a.size) })
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	queue := make(chan weightJob)
	var wait sync.WaitGroup
	for range min(goruntime.GOMAXPROCS(0), len(jobs)) {
		wait.Go(func() {
			for j := range queue {
				made, err := rt.makeInputs(ctx, p, j)
				if err != nil {
					stop(err)
					continue
				}
				mu.Lock()
				for name, t := range made {
					inputs[name] = ort.FromTensor(t)
				}
				mu.Unlock()
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		queue <- j
	}
	close(queue)
	wait.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	rt.sessions.makeRoom(0)
	return inputs, nil
}

// makeInputs makes the graph inputs of one weight.
func (rt *Runtime) makeInputs(ctx context.Context, p patchedWeights, j weightJob) (map[string]*tensor.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	made := map[string]*tensor.Tensor{}
	if len(j.merged) > 0 {
		id, err := p.identity(j.name, j.merged, weights.ByPlace)
		if err != nil {
			return nil, err
		}
		t, err := rt.sessions.weights(ctx, "merged "+id, func() ([]*tensor.Tensor, error) {
			w, err := p.apply(j.name, j.merged)
			return []*tensor.Tensor{w}, err
		})
		if err != nil {
			return nil, err
		}
		made[j.name] = t[0]
	}
	if len(j.branch) > 0 {
		factors, err := rt.branchFactors(ctx, p, j)
		if err != nil {
			return nil, err
		}
		made[j.name+".lora_down"], made[j.name+".lora_up"] = factors[0], factors[1]
	}
	return made, nil
}

// branchFactors are the lower and the upper factor of a branch. Those of files are kept; pairs in memory are fed as they are or joined anew.
func (rt *Runtime) branchFactors(ctx context.Context, p patchedWeights, j weightJob) ([]*tensor.Tensor, error) {
	join := func() ([]*tensor.Tensor, error) {
		down, up, err := joinPairs(j.branch)
		if err != nil {
			return nil, fmt.Errorf("LoRA on %s: %w", j.name, err)
		}
		return []*tensor.Tensor{down, up}, nil
	}
	for _, s := range j.branch {
		if _, inMemory := s.change.(weights.LowRank); inMemory {
			return join()
		}
	}
	id, err := p.identity(j.name, j.branch, weights.ByPlace)
	if err != nil {
		return nil, err
	}
	return rt.sessions.weights(ctx, "factors "+id, join)
}

// joinPairs makes one low-rank pair of several: their ranks are concatenated, and strength · alpha / rank is part of the upper factor.
func joinPairs(steps []patchStep) (down, up *tensor.Tensor, err error) {
	var downs, ups []*tensor.Tensor
	for _, s := range steps {
		pair, err := s.change.(weights.LowRanker).LowRank()
		if err != nil {
			return nil, nil, err
		}
		d, err := pair.DenseDown()
		if err != nil {
			return nil, nil, err
		}
		u := tensor.New(pair.Up.Dim(0), pair.Rank)
		scale := s.strength * pair.Scale()
		for i, v := range pair.Up.Data {
			u.Data[i] = v * scale
		}
		downs, ups = append(downs, d), append(ups, u)
	}
	if len(downs) == 1 {
		return downs[0], ups[0], nil
	}
	if down, err = tensor.Concat(0, downs...); err == nil {
		up, err = tensor.Concat(1, ups...)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("they do not fit together: %w", err)
	}
	return down, up, nil
}
